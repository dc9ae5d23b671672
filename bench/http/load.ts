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
  const waits: number[] = []
  const started = performance.now()
  const result = await autocannon({
    url,
    connections: CONNECTIONS,
    amount,
    sampleInt: 20,
    setupClient(client) {
      const cookie = cookies[next++ % Math.max(1, cookies.length)]
      if (cookie !== undefined) client.setHeaders({ cookie })
      // Its own histogram has whole milliseconds only.
      client.on('response', (_status, _bytes, wait) => waits.push(wait))
    },
  })
  const duration = performance.now() - started
  if (result.non2xx > 0 || result.errors > 0) {
    throw new Error(`${url}: ${result.non2xx} answers are no 2xx, ${result.errors} requests failed`)
  }
  waits.sort((a, b) => a - b)
  const at = (share: number): number => waits[Math.floor(share * (waits.length - 1))] ?? Number.NaN
  return { requests: result['2xx'], duration, p50: at(0.5), p99: at(0.99) }
}
