import { backendOf } from '../backend/backend.ts'
import { SessionError } from '../errors.ts'
import { createOwnerSeal } from '../sealing/seal-owner.ts'
import { createBoundSeal } from '../sealing/seal-bound.ts'
import { isEvicting } from '../evicting.ts'
import type { EvictingStore, ListedRecord, RecordInput, Store } from '../store.ts'
import { checkEncryption } from './encrypted-options.ts'
import type { EncryptedStoreOptions } from './encrypted-options.ts'
import { openRecord, outsideOwner, sealRecord } from './encrypted-record.ts'
import type { RecordSeal } from './encrypted-record.ts'
import { resealAll } from './encrypted-reseal.ts'
import type { ResealOptions, ResealProgress } from './encrypted-reseal.ts'

export type { EncryptedStoreOptions } from './encrypted-options.ts'
export type { ResealOptions, ResealProgress } from './encrypted-reseal.ts'

/** A store whose payloads are encrypted. */
export interface EncryptedStore extends Store {
  /**
   * Encrypt what is not encrypted with the current keys, record by record, beside everything else that uses the store:
   * the end of a change of keys. Each write is a compare-and-set, so nothing newer is undone and nothing that ended
   * comes back; deadlines stay. What was done stays done when it is broken off: the next call goes on with the rest.
   * Rejects with `cannot` on a store that cannot enumerate.
   */
  reseal(options?: ResealOptions): Promise<ResealProgress>
}

/** Under this name a store says that it encrypts. */
const ENCRYPTS: unique symbol = Symbol('coatcheck.encrypts')

/**
 * A store around `inner` that encrypts every payload (AES-256-GCM, bound to the record's ID and to `purpose`) before
 * `inner` sees it. Deadline, version, size and, without `ownerKeys`, the owner stay in clear.
 *
 * A record that was changed, moved to another ID, or encrypted with a key that is not in `keys` is refused: the visitor
 * begins anew, and the event `rejected` says why. Payloads grow by a third and 60 characters.
 *
 * @throws {@link SessionError} `bad_option` for keys that can be guessed, and for a store that cannot be wrapped. No
 *   message holds any part of a key.
 */
export function encryptedStore(inner: Store, options: EncryptedStoreOptions): EncryptedStore {
  checkInner(inner)
  const { payloads, owners, purpose, clearUntil, clock } = checkEncryption(options)
  let sealing: Promise<RecordSeal> | undefined

  async function derive(): Promise<RecordSeal> {
    const [payloadSeal, ownerSeal] = await Promise.all([
      createBoundSeal({ secrets: payloads, purpose: `records ${purpose}` }),
      owners && createOwnerSeal(owners, purpose),
    ])
    return { payloads: payloadSeal, owners: ownerSeal }
  }

  const ready = (): Promise<RecordSeal> => (sealing ??= derive())
  const sealed = async (id: string, record: RecordInput): Promise<RecordInput> => sealRecord(await ready(), id, record)
  const acceptsClear = (now: number): boolean => now < clearUntil

  async function* list(
    listInner: NonNullable<Store['list']>,
    filter: { readonly owner?: string } = {},
  ): AsyncIterable<ListedRecord> {
    const seal = await ready()
    const { owner } = filter
    if (owner === undefined) {
      for await (const record of listInner()) yield openRecord(seal, record.id, record, acceptsClear(clock.now()))
      return
    }
    const seen = new Set<string>()
    // What is written meanwhile moves to the current name: looked up last, it is met under one of them.
    const names = [...((await seal.owners?.older(owner)) ?? []), await outsideOwner(seal, owner)]
    if (seal.owners && acceptsClear(clock.now())) names.unshift(owner)
    for (const name of names) {
      for await (const record of listInner({ owner: name })) {
        const opened = await openRecord(seal, record.id, record, acceptsClear(clock.now()))
        if (seen.has(record.id) || (opened.unreadable === undefined && opened.owner !== owner)) continue
        seen.add(record.id)
        yield opened.unreadable === undefined ? opened : { ...opened, owner }
      }
    }
  }

  const listInner = inner.list?.bind(inner)
  const sweep = inner.sweep?.bind(inner)
  const close = inner.close?.bind(inner)
  const store: EncryptedStore & Partial<Pick<EvictingStore, 'onEvict'>> & { readonly [ENCRYPTS]: true } = {
    [ENCRYPTS]: true,
    name: `${inner.name ?? 'a store'}, encrypted`,
    async read(id, now) {
      const [seal, record] = await Promise.all([ready(), inner.read(id, now)])
      return record && openRecord(seal, id, record, acceptsClear(now))
    },
    create: async (id, record, now) => inner.create(id, await sealed(id, { ...record }), now),
    update: async (id, expected, record, now) => inner.update(id, expected, await sealed(id, { ...record }), now),
    touch: (id, expiresAt, now) => inner.touch(id, expiresAt, now),
    delete: (id) => inner.delete(id),
    ...(listInner && { list: (filter) => list(listInner, filter) }),
    ...(sweep && { sweep: (now, limit) => sweep(now, limit) }),
    ...(close && { close: () => close() }),
    ...(isEvicting(inner) && { onEvict: (listener) => inner.onEvict(listener) }),
    reseal: (resealOptions) => resealAll(store, clock, resealOptions),
  }
  return store
}

function checkInner(inner: Store & { readonly [ENCRYPTS]?: true }): void {
  if (typeof inner !== 'object' || inner === null || typeof inner.read !== 'function') {
    refuse('encryptedStore() takes a store and its keys: encryptedStore(await openStore(…), { keys: […] })')
  }
  if (backendOf(inner)) refuse('sessions in cookies are encrypted already: by cookieStore({ keys }), or cookie:?key=…')
  if (inner[ENCRYPTS]) refuse('this store encrypts already; put further keys into its own list')
}

function refuse(detail: string): never {
  throw new SessionError('bad_option', detail)
}
