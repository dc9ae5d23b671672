/** Visitors who come when they like, not when the last one has been served: what a stall makes wait, it makes wait for all. */
import { Agent, request } from 'node:http'
import { cookieOf } from './population.ts'

/** Visitors of one application. */
export interface Load {
  /** Latencies in ms of those who came in this many milliseconds. */
  run(ms: number): Promise<number[]>
  close(): void
}

/** `perSecond` visitors, at random moments, each one of the living: every tenth of the population. */
export function visitors(port: number, sessions: number, perSecond: number): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 })
  const visit = async (n: number): Promise<number> => {
    const path = n % 20 === 0 ? '/write' : '/read'
    const headers = { cookie: cookieOf(n) }
    const start = performance.now()
    return new Promise((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port, path, agent, headers }, (response) => {
        response.resume()
        response.once('end', () => {
          const took = performance.now() - start
          if (response.statusCode === 200) resolve(took)
          else reject(new Error(`${path} was answered with ${response.statusCode}`))
        })
      })
      sent.once('error', reject)
      sent.end()
    })
  }
  return {
    async run(ms) {
      const end = performance.now() + ms
      const under: Promise<number>[] = []
      for (let due = performance.now(); due < end; due += -Math.log(1 - Math.random()) * (1000 / perSecond)) {
        const wait = due - performance.now()
        if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait))
        under.push(visit(Math.floor((Math.random() * sessions) / 10) * 10))
      }
      return Promise.all(under)
    },
    close: () => agent.destroy(),
  }
}
