/** What is run on a runtime: the conformance kit's cases by part, each a name and a function. */
import { cookieStore } from 'coatcheck/stores/cookie'
import { encryptedStore } from 'coatcheck/stores/encrypted'
import { memoryStore } from 'coatcheck/stores/memory'
import { adapterCases, runAdapterCase, runStoreCases, withAdapterContext } from 'coatcheck/testing'
import type { AdapterSetup, StoreSetup } from 'coatcheck/testing'
import { HOLDS_IN_COOKIES } from '../../adapters/cookie-cases.ts'
import { handlers } from './handlers.ts'
import type { Handler } from './handlers.ts'

export interface PartCase {
  readonly name: string
  readonly run: () => Promise<void>
}

/** How a runtime serves a handler. */
export type Listen = (handler: Handler) => ReturnType<AdapterSetup['serve']>

/** A store for each case, forgotten afterwards. */
export const memory: StoreSetup = { open: async () => ({ store: memoryStore() }), cannot: ['second'] }

/** Records that the runtime's own WebCrypto seals and opens. */
const encrypted: StoreSetup = {
  cannot: ['second'],
  open: async (clock) => ({ store: encryptedStore(memoryStore(), { keys: [key()], clock }) }),
}

/** What runs on every runtime: nothing of Node is imported. Without `sockets`, the cases that need one are left out. */
export function partsEverywhere(
  listen: Listen,
  { sockets }: { readonly sockets: boolean },
): Record<string, PartCase[]> {
  return {
    memory: storePart(memory),
    encrypted: storePart(encrypted),
    fetch: adapterPart('fetch', listen, sockets),
    Hono: adapterPart('Hono', listen, sockets),
    'fetch, sessions in cookies': cookiePart('fetch', listen),
    'Hono, sessions in cookies': cookiePart('Hono', listen),
  }
}

/** Every store and session case over one store. */
export function storePart(setup: StoreSetup): PartCase[] {
  const cases: PartCase[] = []
  runStoreCases({ ...setup, test: (name, run) => cases.push({ name, run }) })
  return cases
}

function adapterPart(name: keyof typeof handlers, listen: Listen, sockets: boolean): PartCase[] {
  const setup = { ...memory, serve: serveWith(name, listen) }
  return adapterCases
    .filter(({ needsSocket }) => sockets || !needsSocket)
    .map((one) => excused({ name: `${one.promise} ${one.name}`, run: () => runAdapterCase(one, setup) }))
}

/** What Bun's own server does whoever answers: several requests on one connection, not waited for, are not answered. */
const PIPELINED = 'P4 requests pipelined on one connection: answered in order, each with its own cookie'

/** An excuse that is no longer true fails. */
function excused(one: PartCase): PartCase {
  if (!('Bun' in globalThis) || one.name !== PIPELINED) return one
  return {
    name: `${one.name} [Bun.serve does not pipeline]`,
    async run() {
      const failure = await one.run().catch((error: unknown) => String(error))
      if (failure === undefined) throw new Error('Bun pipelines by now: remove this excuse')
      if (!failure.includes('the statuses')) throw new Error(failure)
    },
  }
}

function cookiePart(name: keyof typeof handlers, listen: Listen): PartCase[] {
  const setup = { ...memory, serve: serveWith(name, listen) }
  return adapterCases
    .filter((one) => HOLDS_IN_COOKIES.includes(one.name))
    .map((one) => ({
      name: `${one.promise} ${one.name}`,
      run: () => withAdapterContext(setup, { store: cookieStore({ keys: [key()] }) }, one.run),
    }))
}

function serveWith(name: keyof typeof handlers, listen: Listen): AdapterSetup['serve'] {
  return (server) => listen(handlers[name](server))
}

function key(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(32))
}
