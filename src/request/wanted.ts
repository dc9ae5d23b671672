import { encodeData } from '../record/codec.ts'
import { NO_LINES } from '../record/merge.ts'
import { sameNote } from '../owners/owner.ts'
import type { Lines } from '../record/record.ts'
import { origin } from './state.ts'
import type { SessionState, StoredState } from './state.ts'

/** What the application wants saved; after a failed request: what it had loaded. */
export interface Wanted {
  readonly lines: Lines
  readonly permanent: boolean
  readonly owner: string | undefined
  readonly authAt: number | undefined
  readonly note: SessionState['note']
}

/** Read what is wanted off a state; `encoded` is its data, encoded. Throws `bad_value` for data that cannot be stored. */
export function wanted(state: SessionState, failed: boolean, encoded?: Lines): Wanted {
  const from = origin(state)
  if (failed) {
    const lines = from?.lines ?? NO_LINES
    return { lines, permanent: state.permanent, ...NOBODYS, ...(from && membersOf(from)) }
  }
  const { permanent, owner, authAt, note } = state
  return { lines: encoded ?? encodeData(state.data, state.known), permanent, owner, authAt, note }
}

/** What is saved beside the data: our change stands, what we left alone is theirs. */
export function mergeMembers(want: Wanted, from: StoredState, current: StoredState): Omit<Wanted, 'lines'> {
  const [before, now] = [membersOf(from), membersOf(current)]
  return {
    permanent: want.permanent === before.permanent ? now.permanent : want.permanent,
    owner: want.owner === before.owner ? now.owner : want.owner,
    authAt: want.authAt === before.authAt ? now.authAt : want.authAt,
    note: sameNote(want.note, before.note) ? now.note : want.note,
  }
}

/** What a record says of its session beside the data. */
export function membersOf({ head, owner }: StoredState): Omit<Wanted, 'lines'> {
  return { permanent: head.permanent, owner, authAt: head.authAt, note: head.note }
}

/** What says whose session it is, when it is nobody's. */
export const NOBODYS: Pick<Wanted, 'owner' | 'authAt' | 'note'> = {
  owner: undefined,
  authAt: undefined,
  note: undefined,
}
