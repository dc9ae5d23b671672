import { costBodies } from './adapter-cases-cost.ts'
import { headBodies } from './adapter-cases-head.ts'
import { lazyBodies } from './adapter-cases-lazy.ts'
import { raceBodies } from './adapter-cases-races.ts'
import { servingBodies, socketBodies } from './adapter-cases-serving.ts'
import type { AdapterContext, AdapterSetup } from './adapter-context.ts'
import { withAdapterContext } from './adapter-context.ts'
import type { StoreSetup } from './store-context.ts'

/** One thing an adapter must do, seen by a browser over a real socket. */
export interface AdapterCase {
  /** A sentence that is true of a correct adapter. Unique. */
  readonly name: string
  /** The promise of the README that this case is part of. */
  readonly promise: string
  /** It speaks to the server over a socket, for which the runtime must have `node:net`. */
  readonly needsSocket: boolean
  readonly run: (context: AdapterContext) => Promise<void>
}

/** A server of the framework, a store, and the test function of your runner. */
export interface AdapterCasesOptions extends AdapterSetup, StoreSetup {
  /** `test` of node:test, `it` of Vitest, Jest, Mocha or Bun …: registers a test by name. */
  readonly test: (name: string, run: () => Promise<void>) => unknown
  /** Put before every name, when one file checks several adapters or stores. Default: nothing. */
  readonly label?: string
}

/** Everything an adapter must do: the promises, each over HTTP. Independent of framework, store and runner. */
export const adapterCases: readonly AdapterCase[] = [
  ...cases({ ...costBodies, ...headBodies, ...raceBodies, ...servingBodies, ...lazyBodies }, false),
  ...cases(socketBodies, true),
]

function cases(bodies: Readonly<Record<string, AdapterCase['run']>>, needsSocket: boolean): AdapterCase[] {
  return Object.entries(bodies).map(([name, run]) => {
    const space = name.indexOf(' ')
    return { promise: name.slice(0, space), name: name.slice(space + 1), needsSocket, run }
  })
}

/** Run one case against a server and a store of its own. Rejects when the adapter fails it. */
export function runAdapterCase(adapterCase: AdapterCase, setup: AdapterSetup & StoreSetup): Promise<void> {
  return withAdapterContext(setup, { storeTimeout: '2s' }, (context) => adapterCase.run(context))
}

/** Register every adapter case as a test. */
export function runAdapterCases({ test, label = '', ...setup }: AdapterCasesOptions): void {
  for (const adapterCase of adapterCases) {
    test(`${label}${adapterCase.promise} ${adapterCase.name}`, () => runAdapterCase(adapterCase, setup))
  }
}
