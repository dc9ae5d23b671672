import type { Backend, Missing } from '../backend/backend.ts'
import { markOf } from '../cookie/cookie-mark.ts'
import type { Policy } from '../options/options.ts'
import { warnOnce } from '../runtime/platform.ts'
import type { StoredState } from './state.ts'

/** Which of a request's cookies counts, and those that opened nothing beside it. */
export interface Found {
  readonly found: StoredState | Missing
  readonly others: readonly Missing[]
}

/**
 * The session that several cookies of a request name: `values` holds all that could be ours, `too_many` when there
 * are more than are looked into.
 *
 * The one that opens a session counts. If more than one does, none is honoured: one may have been planted
 * by whoever controls a sibling domain, who could choose the order, and an action in a stranger's session, such as
 * entering an address, cannot be taken back. The values are looked up at once, so that the answer waits no longer.
 */
export async function findAmong(
  backend: Backend,
  values: readonly string[] | 'too_many',
  { cookie }: Policy,
): Promise<Found> {
  if (values === 'too_many') return { found: ambiguous(cookie.name, ''), others: [] }
  const found = await Promise.all(values.map((value) => backend.find(value)))
  const live = found.filter(isLive)
  const missing = found.filter(isMissing)
  // What exists and cannot be read, a later release may well be reading: it counts as a session.
  const unreadable = missing.filter((each) => each.missing === 'unreadable')
  const [id = '', ...more] = new Set([...live.map(({ ticket }) => ticket.id), ...unreadable.map((each) => each.id)])
  if (more.length > 0) return { found: { ...ambiguous(cookie.name, id), rivals: live }, others: missing }
  // Two live cookies of one session: where they differ, the settings in force tell the newer one.
  const session = live.find(({ head }) => markOf(head) === cookie.mark) ?? live[0]
  if (session) return { found: session, others: missing }
  const told = unreadable[0] ?? missing.find((each) => each.missing === 'superseded') ?? missing[0]
  return { found: told ?? { missing: 'unknown', id }, others: missing.filter((each) => each !== told) }
}

function ambiguous(name: string, id: string): Missing {
  warnOnce(
    'COATCHECK_COOKIE_AMBIGUOUS',
    `a browser sent several cookies named ${name} of different sessions, so none was honoured. Where earlier settings ` +
      'left them, name these in cookie.replaces; only a __Host- name keeps other domains from setting one',
  )
  return { missing: 'ambiguous', id }
}

function isLive(found: StoredState | Missing): found is StoredState {
  return !isMissing(found)
}

function isMissing(found: StoredState | Missing): found is Missing {
  return 'missing' in found
}
