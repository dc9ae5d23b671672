import type { RecordInput, Store, Version } from '../store.ts'
import { check, versionOf } from './check.ts'
import { type TestClock, testClock } from './clock.ts'

/** What a store may be unable to do: leave a method out, or be opened twice on the same data. */
export type StoreAbility = 'list' | 'sweep' | 'second'

/** How the kit opens the store it checks, and what it may expect of it. */
export interface StoreSetup {
  /**
   * A store without records, apart from those of every other case: a new folder, table or key prefix. `clock` is for
   * stores that take one (for pauses and time limits).
   */
  readonly open: (clock: TestClock) => Promise<OpenedStore>
  /**
   * `'swept'` (default): only `now` and `sweep` decide what is dead. `'native'`: the server also expires records by
   * its own clock, so the case's clock starts at the machine's time and is only moved forward, except where a case
   * says otherwise and then asks for less.
   */
  readonly expiry?: 'swept' | 'native'
  /** What this store cannot do. The cases that need it are reported by name, and the inability itself is checked. */
  readonly cannot?: readonly StoreAbility[]
  /**
   * The largest payload the store takes, in bytes of UTF-8, when that is below 1 MiB (default). The kit then also
   * checks that a larger one is refused with a `SessionError` of code `record_too_large`.
   */
  readonly maxPayload?: number
}

/** What {@link StoreSetup.open} gives. */
export interface OpenedStore {
  readonly store: Store
  /** Another handle on the same data, as another process would have: its own connection, nothing shared in memory. */
  readonly second?: () => Promise<Store>
  /** Remove what `open` made. Runs after the case, when the stores have been closed. */
  readonly dispose?: () => Promise<void>
}

/** What a case gets: an empty store, a clock, and short ways to make records. */
export interface StoreContext {
  readonly store: Store
  readonly clock: TestClock
  readonly expiry: 'swept' | 'native'
  /** The largest payload to try, in bytes of UTF-8, and whether the store refuses more. */
  readonly maxPayload: { readonly bytes: number; readonly enforced: boolean }
  /** A second handle on the data of `store`; closed after the case. */
  readonly second: () => Promise<Store>
  /** An ID that no other call of this context gives. */
  readonly id: () => string
  /** A record that lives for `life` ms from now ({@link LIFE} unless told). */
  readonly record: (fields?: RecordFields) => RecordInput
  /** Create such a record in `store`. */
  readonly put: (fields?: RecordFields) => Promise<PutRecord>
}

/** What to differ in from an ordinary record. */
export interface RecordFields {
  readonly payload?: string
  readonly owner?: string
  /** Milliseconds to live. */
  readonly life?: number
}

/** A record that {@link StoreContext.put} stored. */
export interface PutRecord {
  readonly id: string
  readonly version: Version
  readonly record: RecordInput
}

/** How long an ordinary record of the kit lives: half an hour, in ms. */
export const LIFE: number = 30 * 60_000

const MEBIBYTE = 1_048_576

/** Open the store, run `body` with a context of its own, and put everything away whatever happens. */
export async function withStoreContext(
  setup: StoreSetup,
  body: (context: StoreContext) => Promise<void>,
): Promise<void> {
  const expiry = setup.expiry ?? 'swept'
  const clock = expiry === 'native' ? testClock(Date.now()) : testClock()
  const opened = await setup.open(clock)
  const stores = [opened.store]
  const second = async (): Promise<Store> => {
    check(opened.second !== undefined, "open() gave no second(): add it, or say cannot: ['second']")
    const store = await opened.second()
    stores.push(store)
    return store
  }
  try {
    await body({ ...makers(opened.store, clock), store: opened.store, clock, expiry, second, maxPayload: limit(setup) })
  } finally {
    try {
      for (const store of stores) await store.close?.()
    } finally {
      await opened.dispose?.()
    }
  }
}

function limit(setup: StoreSetup): StoreContext['maxPayload'] {
  return { bytes: setup.maxPayload ?? MEBIBYTE, enforced: setup.maxPayload !== undefined }
}

function makers(store: Store, clock: TestClock): Pick<StoreContext, 'id' | 'record' | 'put'> {
  let count = 0
  const id = (): string => idFor(++count)
  const record = ({ payload = 'an ordinary payload', owner, life = LIFE }: RecordFields = {}): RecordInput => {
    const expiresAt = clock.now() + life
    return owner === undefined ? { payload, expiresAt } : { payload, expiresAt, owner }
  }
  const put = async (fields: RecordFields = {}): Promise<PutRecord> => {
    const made = { id: id(), record: record(fields) }
    return { ...made, version: versionOf(await store.create(made.id, made.record, clock.now()), 'create of a new ID') }
  }
  return { id, record, put }
}

/**
 * 64 hex digits, the same in every run (a failure repeats itself) and spread over their whole range like the hashes
 * they stand for (stores shard by the first digits). The mixing is the finalizer of MurmurHash3.
 */
function idFor(count: number): string {
  let id = ''
  for (let word = 0; word < 8; word++) {
    let x = Math.imul(count * 8 + word + 1, 0x9e3779b1)
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
    id += ((x ^ (x >>> 16)) >>> 0).toString(16).padStart(8, '0')
  }
  return id
}
