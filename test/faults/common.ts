/** What can happen to any server and to any network. Each lasts until requests have failed of it, however long that is. */
import { seeded } from '../proof/seed.ts'
import { type Relay, startRelay } from '../relay/relay.ts'
import type { Bed, Fault } from './fault.ts'
import { meet } from './fault.ts'
import { TIME_LIMIT, type Watch } from './load.ts'

interface Scene {
  readonly bed: Bed
  readonly relay: Relay
  readonly watch: Watch
  readonly random: () => number
}

/** `direct` where the relay would hide how a dead server looks. */
type Common = readonly [what: string, way: 'direct' | 'relayed', happen: (scene: Scene) => Promise<unknown>]

/** The names of what can happen to any server. */
export type CommonFault = 'kill' | 'freeze' | 'before' | 'after' | 'late' | 'slow' | 'refuse'

const FAULTS: Readonly<Record<CommonFault, Common>> = {
  kill: [
    '`kill -9`, started again',
    'direct',
    async ({ bed, watch }) => {
      await bed.server.kill9()
      await watch.failures(6)
      await bed.server.restart()
    },
  ],
  freeze: [
    'frozen (SIGSTOP) beyond `storeTimeout`',
    'direct',
    async ({ bed, watch }) => {
      await bed.server.pause()
      await watch.failures(6)
      bed.server.resume()
    },
  ],
  before: ['connections cut before the server has the request', 'relayed', cutting('cut before')],
  after: ['connections cut after the server has done it', 'relayed', cutting('cut after')],
  late: [
    'requests held beyond `storeTimeout`, then delivered',
    'relayed',
    async ({ relay, watch }) => {
      relay.requests = 'hold'
      await watch.failures(6)
      relay.requests = 'pass'
    },
  ],
  slow: [
    'replies later than `storeTimeout`',
    'relayed',
    async ({ relay, watch }) => {
      relay.slowness = TIME_LIMIT * 1.5
      await watch.failures(6)
      relay.slowness = 0
    },
  ],
  refuse: [
    'connections refused',
    'relayed',
    async ({ relay, watch }) => {
      await relay.refuse()
      await watch.failures(6)
      await relay.accept()
    },
  ],
}

/** What can happen to any server, on the ones that `start` starts. What is `volatile` loses data, as everybody knows. */
export function common(
  store: string,
  start: () => Promise<Bed>,
  volatile: readonly CommonFault[] = [],
): readonly Fault[] {
  return (Object.keys(FAULTS) as CommonFault[]).map((name) => commonFault(store, name, start, !volatile.includes(name)))
}

/** One of them. */
export function commonFault(store: string, name: CommonFault, start: () => Promise<Bed>, durable: boolean): Fault {
  const [what, way, happen] = FAULTS[name]
  return {
    store,
    name,
    what,
    durable,
    async run(options) {
      await using bed = await start()
      await using relay = await startRelay(bed.port)
      const url = way === 'direct' ? bed.url : bed.url.replace(`:${bed.port}`, `:${relay.port}`)
      const random = seeded(options.seed)
      return await meet(url, options, (watch) => happen({ bed, relay, watch, random }))
    },
  }
}

function cutting(how: 'cut before' | 'cut after'): (scene: Scene) => Promise<void> {
  return async ({ relay, watch, random }) => {
    relay.fate = () => (random() < 0.1 ? how : 'pass')
    await watch.failures(6)
    relay.fate = () => 'pass'
  }
}
