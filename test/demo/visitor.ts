/** A browser's share of the work, over real HTTP: keeps the cookie, follows no redirect, reads what a page says. */

export interface Page {
  readonly status: number
  readonly headers: Headers
  readonly html: string
}

export interface Visitor {
  /** The name and value of the cookie, or undefined while there is none. */
  cookie(): string | undefined
  get(path: string, headers?: Record<string, string>): Promise<Page>
  /** Send a file as the form does. */
  upload(content: string | Uint8Array<ArrayBuffer>, name?: string, headers?: Record<string, string>): Promise<Page>
  /** Send any body to the upload's address. */
  post(body: BodyInit, headers?: Record<string, string>): Promise<Page>
  /** Send a plain form. */
  submit(path: string, fields?: Record<string, string>, headers?: Record<string, string>): Promise<Page>
}

/** A new visitor, or one who comes with a cookie. `url` ends with a slash. */
export function visitor(url: string, cookie?: string): Visitor {
  let kept = cookie

  async function send(path: string, init: RequestInit): Promise<Page> {
    const headers = new Headers(init.headers)
    if (kept !== undefined) headers.set('cookie', kept)
    const response = await fetch(new URL(path, url), { ...init, headers, redirect: 'manual' })
    kept = response.headers.getSetCookie()[0]?.split(';')[0] ?? kept
    return { status: response.status, headers: response.headers, html: await response.text() }
  }

  const post: Visitor['post'] = (body, headers = {}) => send('/upload', { method: 'POST', body, headers })
  return {
    cookie: () => kept,
    get: (path, headers = {}) => send(path, { headers }),
    post,
    submit: (path, fields = {}, headers = {}) =>
      send(path, { method: 'POST', body: new URLSearchParams(fields), headers }),
    upload(content, name = 'notes.txt', headers = {}) {
      const form = new FormData()
      form.set('file', new File([content], name))
      return post(form, headers)
    },
  }
}

/** The lines a page shows, exactly. */
export function linesOn({ html }: Page): string[] {
  const list = /<ol class="lines[^]*<\/ol>/.exec(html)?.[0] ?? ''
  return [...list.matchAll(/<li>([^]*?)\n<\/li>/g)].map(([, line = '']) => unescaped(line))
}

/** What is between the tags of `main`: the page without what all pages have. */
export function mainOf({ html }: Page): string {
  return /<main[^]*<\/main>/.exec(html)?.[0] ?? ''
}

/** The words between them. */
export function textOf(page: Page): string {
  return words(mainOf(page))
}

/** What the page says went wrong; undefined when it says nothing. */
export function problemOn({ html }: Page): string | undefined {
  const found = /role="alert">([^]*?)<\/p>/.exec(html)?.[1]
  return found === undefined ? undefined : words(found)
}

/** The name of the last upload that the first page links to, and the words after it. */
export function lastUploadOn({ html }: Page): { name: string; rest: string } | undefined {
  const found = /<a href="\/upload"><bdi>([^]*?)<\/bdi><\/a>([^]*?)<\/p>/.exec(html)
  return found ? { name: unescaped(found[1] ?? ''), rest: words(found[2] ?? '') } : undefined
}

function words(markup: string): string {
  const text = markup.replace(/<[^>]*>/g, '').replace(/\s+/g, ' ')
  return unescaped(text.trim())
}

/** What the templates write for the characters that are markup. */
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" }

function unescaped(markup: string): string {
  return markup.replace(/&([#\w]+);/g, (entity, name: string) => ENTITIES[name] ?? entity)
}
