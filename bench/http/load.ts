/** Requests over keep-alive connections, a visitor each, so that no two of them write one session at once. */
import autocannon from 'autocannon'

export const CONNECTIONS = 32

/** What one stretch of load took, seen by the visitors. */
export interface LoadResult {
  readonly requests: number
  /** Milliseconds from the first request to the last answer. */
  readonly duration: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
}

/** Throws when an answer is no 2xx: a contender that fails fast would win. */
export async function load(url: string, amount: number, cookies: readonly string[]): Promise<LoadResult> {
  let next = 0
  const started = performance.now()
  const result = await autocannon({
    url,
    connections: CONNECTIONS,
    amount,
    sampleInt: 20,
    setupClient(client) {
      const cookie = cookies[next++ % Math.max(1, cookies.length)]
      if (cookie !== undefined) client.setHeaders({ cookie })
    },
  })
  const duration = performance.now() - started
  if (result.non2xx > 0 || result.errors > 0) {
    throw new Error(`${url}: ${result.non2xx} answers are no 2xx, ${result.errors} requests failed`)
  }
  return { requests: result['2xx'], duration, p50: result.latency.p50, p99: result.latency.p99 }
}

/** A visitor's Cookie header, from the session that `/new` starts. */
export async function newVisitor(origin: string, size: string): Promise<string> {
  const response = await fetch(`${origin}/new?size=${size}`)
  await response.arrayBuffer()
  const pairs = response.headers.getSetCookie().map((line) => line.slice(0, line.indexOf(';')))
  return pairs.join('; ')
}

/** Throws unless this contender keeps what a visitor puts in, and takes a second visit for the same visitor's. */
export async function checkKept(origin: string, name: string): Promise<void> {
  const cookie = await newVisitor(origin, 'large')
  if (cookie === '') throw new Error(`${name} sent no cookie for a new session`)
  for (const [route, expected] of [
    ['write', 'visits 1'],
    ['write', 'visits 2'],
    ['read', 'visits 2'],
  ] as const) {
    const answer = await (await fetch(`${origin}/${route}`, { headers: { cookie } })).text()
    if (answer !== expected) throw new Error(`${name} answered /${route} with "${answer}", not "${expected}"`)
  }
}
