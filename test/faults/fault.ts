/** What a fault is, and how visitors meet one. */
import { openStore } from '../../src/stores/open.ts'
import type { Server } from '../servers/index.ts'
import { type Outcome, underFault, type Watch } from './load.ts'

/** One thing that can happen to one store. */
export interface Fault {
  readonly store: string
  /** For `--fault`. */
  readonly name: string
  /** In words, for the table. */
  readonly what: string
  /** Whether everything that was acknowledged must be there afterwards; otherwise what is not is reported. */
  readonly durable: boolean
  readonly run: (options: RunOptions) => Promise<Outcome>
}

/** How a fault is run. */
export interface RunOptions {
  readonly seed: number
  /** Bring it about again and again for so many seconds. Default: once. */
  readonly seconds?: number
}

/** A server that faults happen to, and whatever it takes to run it. */
export interface Bed extends AsyncDisposable {
  readonly server: Server
  /** For `openStore`. */
  readonly url: string
  /** Where `url` leads, on 127.0.0.1. */
  readonly port: number
}

/** A server that needs nothing else. */
export function bedOf(server: Server): Bed {
  return { server, url: server.url, port: server.port, [Symbol.asyncDispose]: () => server.stop() }
}

/** Two handles on the store at `url`, visitors on both, and what happens meanwhile. */
export async function meet(
  url: string,
  { seed, seconds = 0 }: RunOptions,
  happen: (watch: Watch) => Promise<unknown>,
): Promise<Outcome> {
  const end = performance.now() + seconds * 1000
  const stores = [await openStore(url), await openStore(url)]
  try {
    return await underFault(stores, happen, { seed, again: () => performance.now() < end })
  } finally {
    for (const store of stores) await store.close?.()
  }
}

/** Do it again and again, until requests have failed of it. */
export async function whileFailing(watch: Watch, act: () => Promise<unknown>): Promise<void> {
  const over = new AbortController()
  const failing = watch.failures(6).finally(() => over.abort())
  while (!over.signal.aborted) await act()
  await failing
}
