/** Sessions over an encrypted memory store, with both sides of the encryption in hand. */
import assert from 'node:assert/strict'
import type { SessionsOptions } from '../../src/index.ts'
import type { ListedRecord, Store } from '../../src/store.ts'
import { encryptedStore } from '../../src/stores/encrypted.ts'
import type { EncryptedStore, EncryptedStoreOptions } from '../../src/stores/encrypted.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { gatedStore, testClock } from '../../src/testing/index.ts'
import type { Gates, TestClock } from '../../src/testing/index.ts'
import { testKey } from '../core/sealed-site.ts'
import { scene } from '../core/site.ts'
import type { Data, Scene } from '../core/site.ts'

/** One inner store, and servers before it that may have different keys. */
export interface Vault {
  readonly inner: Store
  /** Stands between the encryption and the inner store. */
  readonly gates: Gates
  readonly clock: TestClock
  /** The store of a server. `options` differ from: the first test key. */
  store(options?: Partial<EncryptedStoreOptions>): EncryptedStore
  /** A visitor of such a server. */
  visitor(options?: Partial<EncryptedStoreOptions>, sessions?: SessionsOptions): Scene
  /** The same over the inner store, which sees and makes what is in clear. */
  clear(): Scene
  /** What is stored, as a thief finds it. */
  stolen(): Promise<ListedRecord[]>
  /** Put other things into a record, as somebody can who writes to the store. */
  tamper(id: string, fields: Partial<Pick<ListedRecord, 'payload' | 'owner'>>): Promise<void>
}

export function vault(): Vault {
  const clock = testClock()
  const inner = memoryStore()
  const gates = gatedStore(inner)
  const made: Vault = {
    inner,
    gates,
    clock,
    store: (options = {}) => encryptedStore(gates.store, { keys: [testKey(1)], clock, ...options }),
    visitor: (options, sessions = {}) => scene({ store: made.store(options), clock, ...sessions }),
    clear: () => scene({ store: inner, clock }),
    stolen: () => Array.fromAsync(inner.list()),
    async tamper(id, fields) {
      const record = (await inner.read(id, clock.now())) ?? assert.fail('there is no such record')
      assert.notEqual(await inner.update(id, record.version, { ...record, ...fields }, clock.now()), 'conflict')
    },
  }
  return made
}

/** Somebody comes, and something is stored about them. */
export async function arrive(on: Scene, data: Data = { user: 'ada' }, owner?: string): Promise<Scene> {
  const session = await on.open()
  Object.assign(session.data, data)
  if (owner !== undefined) session.owner = owner
  await on.commit(session)
  return on
}

/** The same browser before another server. */
export function moved(to: Scene, { cookie }: Pick<Scene, 'cookie'>): Scene {
  to.cookie = cookie
  return to
}

/** What the last `rejected` said, without the ID. */
export function refusedAs(on: Scene): unknown {
  const { event } = on.events.findLast(({ name }) => name === 'rejected') ?? {}
  const { reason, detail } = Object(event)
  return [reason, detail]
}
