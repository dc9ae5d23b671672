/** One browser without scripts: a cookie jar, pages, and forms sent as the page says. */
import assert from 'node:assert/strict'

/** An answer, read to its end. */
export interface Page {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The Set-Cookie values. */
  readonly cookies: readonly string[]
}

export interface Visitor {
  /** The Cookie header that it sends. */
  cookie(): string
  /** Someone else, or the same with what is in the jar now: a thief, a bookmark, a second window. */
  copy(): Visitor
  /** A request as it is; cookies are kept, redirects not followed. */
  request(path: string, init?: RequestInit): Promise<Page>
  /** The page at this path; 200, or it fails with what came instead. */
  open(path: string): Promise<Page>
  /** Fill in the form of `page` that has this button, and send it. */
  send(page: Page, button: string, fields?: Readonly<Record<string, string>>): Promise<Page>
  /**
   * The same, and follow the redirect as soon as its head is there.
   * Resolves with both answers.
   */
  submit(page: Page, button: string, fields?: Readonly<Record<string, string>>): Promise<[sent: Page, landed: Page]>
}

/**
 * As behind a proxy that ends TLS, which is how all of them run: the server listens on plain HTTP, and the proxy says
 * that the visitor came by https.
 */
export function visitor(
  port: number,
  { https = true, jar = new Map<string, string>() }: { https?: boolean; jar?: Map<string, string> } = {},
): Visitor {
  const host = `127.0.0.1:${port}`
  const origin = `${https ? 'https' : 'http'}://${host}`

  function keep(line: string): void {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
    if (/;\s*max-age=0\b/i.test(line)) jar.delete(name)
    else jar.set(name, value)
  }

  const self: Visitor = {
    cookie: () => [...jar].map(([name, value]) => `${name}=${value}`).join('; '),
    copy: () => visitor(port, { https, jar: new Map(jar) }),

    async request(path, init = {}) {
      const headers = new Headers(init.headers)
      headers.set('x-forwarded-proto', https ? 'https' : 'http')
      headers.set('x-forwarded-host', host)
      if (jar.size > 0) headers.set('cookie', self.cookie())
      if (init.method === 'POST') headers.set('origin', origin)
      const response = await fetch(`http://${host}${path}`, { ...init, headers, redirect: 'manual' })
      const cookies = response.headers.getSetCookie()
      for (const line of cookies) keep(line)
      return { status: response.status, headers: response.headers, text: await response.text(), cookies }
    },

    async open(path) {
      const page = await self.request(path, { headers: { accept: 'text/html' } })
      assert.equal(page.status, 200, `${path}: ${page.text}`)
      return page
    },

    send(page, button, fields = {}) {
      const form = formWith(page.text, button)
      const body = form.multipart ? new FormData() : new URLSearchParams()
      for (const [name, value] of [...form.hidden, ...Object.entries(fields)]) body.append(name, value)
      return self.request(form.action.startsWith('/') ? form.action : `/${form.action}`, {
        method: 'POST',
        body,
        headers: { accept: 'text/html' },
      })
    },

    async submit(page, button, fields) {
      const sent = await self.send(page, button, fields)
      assert.match(String(sent.status), /^30[23]$/, `${button}: ${sent.text}`)
      const landed = await self.open(new URL(sent.headers.get('location') ?? '', origin).pathname)
      return [sent, landed]
    },
  }
  return self
}

interface Form {
  readonly action: string
  readonly multipart: boolean
  readonly hidden: readonly [name: string, value: string][]
}

function formWith(html: string, button: string): Form {
  const [, tag = '', content = ''] =
    [...html.matchAll(/<form\b([^>]*)>(.*?)<\/form>/gs)].find(([, , inside = '']) => inside.includes(button)) ??
    assert.fail(`no form has a button ${button}: ${html}`)
  const hidden = [...content.matchAll(/<input\b([^>]*)>/g)].flatMap(([, input = '']): [string, string][] =>
    attribute(input, 'type') === 'hidden' ? [[attribute(input, 'name') ?? '', attribute(input, 'value') ?? '']] : [],
  )
  const multipart = attribute(tag, 'enctype')?.toLowerCase() === 'multipart/form-data'
  return { action: attribute(tag, 'action') || '/', multipart, hidden }
}

function attribute(tag: string, name: string): string | undefined {
  const value = new RegExp(`\\b${name}="([^"]*)"`, 'i').exec(tag)?.[1]
  return value?.replaceAll('&quot;', '"').replaceAll('&amp;', '&')
}
