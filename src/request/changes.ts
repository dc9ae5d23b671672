import { encodeData, encodeValue } from '../record/codec.ts'
import { knownLine } from '../record/known-lines.ts'
import { isCookieOutdated } from '../cookie/cookie-mark.ts'
import { decide } from './decide.ts'
import type { Action } from './decide.ts'
import { changedKeys, sameLines } from '../record/merge.ts'
import { sameNote } from '../owners/owner.ts'
import type { Policy } from '../options/options.ts'
import type { Lines } from '../record/record.ts'
import { mayRenew, origin, plan } from './state.ts'
import type { SessionState } from './state.ts'

/** What a commit has to do. */
export interface Decision {
  readonly action: Action
  /** What the data encodes to now, where that was asked for: whoever writes it at once need not ask again. */
  readonly lines: Lines | undefined
}

/** What a commit of this state has to do, on any back end; no I/O. Throws what encoding the data throws. */
export function decisionFor(state: SessionState, policy: Policy, failed: boolean): Decision {
  const { stored } = state
  const asked = !failed && state.ended === undefined && state.retiring === undefined
  const lines = asked && mayDiffer(state) ? encodeData(state.data, state.known) : undefined
  const action = decide({
    ended: state.ended !== undefined,
    stored: origin(state) !== undefined,
    regenerating: state.retiring !== undefined,
    changed: asked && isChanged(state, lines),
    failed,
    cookieOutdated: isCookieOutdated(state, policy),
    renewable: stored !== undefined && mayRenew(state, policy, stored),
    rewriteDue: stored?.rewriteDue ?? false,
    plan: stored
      ? plan(state, policy, stored.expiresAt, failed ? stored.head.permanent : state.permanent).move
      : 'stay',
  })
  return { action, lines }
}

/** Keys whose values differ from what is stored. Never throws: a value that cannot be stored is one that differs. */
export function unsavedKeys(state: SessionState): string[] {
  const before = state.stored?.lines ?? state.blank
  const now = linesAsFarAsPossible(state)
  return sameLines(before, now) ? [] : changedKeys(before, now)
}

/** Data that nobody was handed is what was loaded, and need not be encoded to be compared. */
function mayDiffer({ stored, data, dataAsked }: SessionState): boolean {
  return stored ? dataAsked : Object.keys(data).length > 0
}

function isChanged(state: SessionState, lines: Lines | undefined): boolean {
  const { stored } = state
  const differs = lines !== undefined && !sameLines(lines, stored?.lines ?? state.blank)
  if (!stored) return differs || state.owner !== undefined
  return (
    differs ||
    state.permanent !== stored.head.permanent ||
    state.owner !== stored.owner ||
    state.authAt !== stored.head.authAt ||
    !sameNote(state.note, stored.head.note)
  )
}

/** Asked when the response is over and nobody is left to catch. */
function linesAsFarAsPossible({ data, known }: SessionState): Lines {
  const lines = new Map<string, string>()
  for (const key of Object.keys(data)) {
    try {
      const value = data[key]
      if (value !== undefined) lines.set(key, knownLine(known, key, value) ?? encodeValue(value, key))
    } catch {
      // No value has an empty line, so it differs from whatever is stored.
      lines.set(key, '')
    }
  }
  return lines
}
