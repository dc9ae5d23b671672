import type { Contender } from './contenders.ts'
import { startFlask } from './flask-process.ts'
import { startNode } from './node-process.ts'
import { startPhp } from './php-process.ts'

/** One contender, running in fresh processes on a core of its own. */
export interface ContenderProcess {
  readonly origin: string
  /** CPU time so far, microseconds, of all its processes and threads. */
  cpu(): Promise<number>
  stop(): Promise<void>
}

/** The servers a contender may use, and a folder of its own. */
export interface Servers {
  readonly redis: string
  readonly postgres: string
  readonly memcached: string
  readonly directory: string
}

/** Start it and wait until it listens. */
export function startContender(contender: Contender, servers: Servers): Promise<ContenderProcess> {
  switch (contender.platform) {
    case 'flask':
      return startFlask(contender.name, servers)
    case 'php':
      return startPhp(contender.name, servers)
    default:
      return startNode([contender], servers)
  }
}
