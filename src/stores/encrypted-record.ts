/**
 * What is inside an encrypted payload: a line of its own, then the payload as the core made it.
 *
 *     ["owner"]
 *     {"v":1,"kind":"live",…}
 *     …
 *
 * Without an owner the list is empty. The owner in here is the one that counts: whoever can write to the store can
 * write another one outside, and applications let people in by it. The one outside is only what `list` looks up.
 */
import { SessionError } from '../errors.ts'
import { MAX_PAYLOAD } from '../record/record.ts'
import type { OwnerSeal } from '../sealing/seal-owner.ts'
import type { BoundSeal } from '../sealing/seal-bound.ts'
import type { RecordInput, StoredRecord } from '../store.ts'

/** The keys at work. */
export interface RecordSeal {
  readonly payloads: BoundSeal
  /** Undefined: owners stand in clear. */
  readonly owners: OwnerSeal | undefined
}

/** Encrypt a record for its ID. Throws `record_too_large` for what the stores behind may not take. */
export async function sealRecord(seal: RecordSeal, id: string, record: RecordInput): Promise<RecordInput> {
  const { payload: plain, expiresAt, owner } = record
  const outside = owner === undefined ? undefined : await outsideOwner(seal, owner)
  const payload = await seal.payloads.make(`${JSON.stringify(owner === undefined ? [] : [owner])}\n${plain}`, id)
  if (payload.length > MAX_PAYLOAD) {
    throw new SessionError(
      'record_too_large',
      `${payload.length} characters of at most ${MAX_PAYLOAD} once encrypted, which takes a third more; ` +
        'keep large values elsewhere and store their name in the session',
    )
  }
  return { payload, expiresAt, ...(outside === undefined ? {} : { owner: outside }) }
}

/**
 * The record inside, or the reason why there is none: `not_encrypted`, `unknown_key`, `wrong_seal`. Where `acceptClear`
 * says so, a payload that was never encrypted is taken for what it says, to be encrypted by the next write.
 */
export async function openRecord<Stored extends StoredRecord>(
  seal: RecordSeal,
  id: string,
  record: Stored,
  acceptClear: boolean,
): Promise<Stored> {
  const key = seal.payloads.keyOf(record.payload)
  if (key === undefined) return acceptClear ? { ...record, rewriteDue: true } : unreadable(record, 'not_encrypted')
  if (key === 'unknown') return unreadable(record, 'unknown_key')
  const opened = await seal.payloads.open(record.payload, id)
  const inside = opened && unpack(opened.text)
  if (!inside) return unreadable(record, 'wrong_seal')
  const { owner: outside, ...rest } = record
  const { owner } = inside
  const rewriteDue = key === 'older' || outside !== (owner === undefined ? undefined : await outsideOwner(seal, owner))
  // `Stored` without the owner plus the owner is `Stored`, which TypeScript cannot see through the type parameter.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return { ...rest, ...inside, ...(rewriteDue ? { rewriteDue } : {}) } as unknown as Stored
}

/** What stands in the store for an owner. */
export async function outsideOwner({ owners }: RecordSeal, owner: string): Promise<string> {
  return owners ? owners.current(owner) : owner
}

function unreadable<Stored extends StoredRecord>(record: Stored, reason: string): Stored {
  return { ...record, payload: '', unreadable: reason }
}

function unpack(text: string): Pick<RecordInput, 'payload' | 'owner'> | undefined {
  const end = text.indexOf('\n')
  try {
    const front: unknown = JSON.parse(text.slice(0, end))
    if (!Array.isArray(front) || front.length > 1) return undefined
    const payload = text.slice(end + 1)
    const [owner]: unknown[] = front
    if (front.length === 0) return { payload }
    return typeof owner === 'string' ? { payload, owner } : undefined
  } catch {
    return undefined
  }
}
