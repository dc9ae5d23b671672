/** A visitor with cookies, who asks one request after the other. */
interface Visitor {
  /** The Cookie header of the next request; empty without a cookie. */
  cookie(): string
  /** The text of a page. Throws when it is no 2xx. */
  get(path: string): Promise<string>
}

/** A visitor whom this contender does not know yet. */
function visitorOf(origin: string): Visitor {
  const cookies = new Map<string, string>()
  const cookie = (): string => [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  return {
    cookie,
    async get(path) {
      const response = await fetch(`${origin}${path}`, { headers: cookies.size > 0 ? { cookie: cookie() } : {} })
      const text = await response.text()
      if (!response.ok) throw new Error(`${origin}${path} answers ${response.status}: ${text}`)
      for (const line of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
        cookies.set(name, value)
      }
      return text
    },
  }
}

/** The Cookie header of a visitor with a new session. */
export async function newVisitor(origin: string, size: string): Promise<string> {
  const visitor = visitorOf(origin)
  await visitor.get(`/new?size=${size}`)
  return visitor.cookie()
}

/** Whether sessions are kept, and how large a session may be: cookies take no 16 kB. */
export interface Kept {
  readonly sessions: boolean
  readonly large: boolean
}

/**
 * Throws unless the four routes do what their names say. A contender that keeps nothing, or takes a second visit for
 * another visitor's, would win.
 */
export async function checkRoutes(origin: string, name: string, kept: Kept): Promise<void> {
  for (const size of kept.large ? ['small', 'large'] : ['small']) {
    const visitor = visitorOf(origin)
    const expect = async (path: string, expected: string): Promise<void> => {
      const text = await visitor.get(`${path}?size=${size}`)
      if (text !== expected) throw new Error(`${name} answered ${path} with "${text}", not "${expected}"`)
    }
    await expect('/none', 'none')
    await expect('/new', 'new')
    if ((visitor.cookie() !== '') !== kept.sessions)
      throw new Error(
        `${name} sent ${kept.sessions ? 'no cookie for a new session' : 'a cookie, and keeps no session'}`,
      )
    await expect('/none', 'none')
    await expect('/read', 'visits 0')
    await expect('/write', kept.sessions ? 'visits 1' : 'visits 0')
    await expect('/write', kept.sessions ? 'visits 2' : 'visits 0')
    await expect('/read', kept.sessions ? 'visits 2' : 'visits 0')
  }
}
