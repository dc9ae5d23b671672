import { encodeData, encodeValue } from '../record/codec.ts'
import { isCookieOutdated } from '../cookie/cookie-mark.ts'
import { decide } from './decide.ts'
import type { Action } from './decide.ts'
import { changedKeys, sameLines } from '../record/merge.ts'
import { sameNote } from '../owners/owner.ts'
import type { Policy } from '../options/options.ts'
import type { Lines } from '../record/record.ts'
import { mayRenew, origin, plan } from './state.ts'
import type { SessionState } from './state.ts'

/** What a commit of this state has to do, on any back end; no I/O. Throws what encoding the data throws. */
export function actionFor(state: SessionState, policy: Policy, failed: boolean): Action {
  const { stored } = state
  return decide({
    ended: state.ended !== undefined,
    stored: origin(state) !== undefined,
    regenerating: state.retiring !== undefined,
    changed: !failed && state.ended === undefined && state.retiring === undefined && isChanged(state),
    failed,
    cookieOutdated: isCookieOutdated(state, policy),
    renewable: stored !== undefined && mayRenew(state, policy, stored),
    rewriteDue: stored?.rewriteDue ?? false,
    plan: stored
      ? plan(state, policy, stored.expiresAt, failed ? stored.head.permanent : state.permanent).move
      : 'stay',
  })
}

/** Keys whose values differ from what is stored. Never throws: a value that cannot be stored is one that differs. */
export function unsavedKeys(state: SessionState): string[] {
  return changedKeys(state.stored?.lines ?? state.blank, linesAsFarAsPossible(state.data))
}

function isChanged(state: SessionState): boolean {
  const { stored } = state
  if (!stored)
    return (
      (Object.keys(state.data).length > 0 && !sameLines(encodeData(state.data), state.blank)) ||
      state.owner !== undefined
    )
  return (
    state.permanent !== stored.head.permanent ||
    state.owner !== stored.owner ||
    state.authAt !== stored.head.authAt ||
    !sameNote(state.note, stored.head.note) ||
    !sameLines(encodeData(state.data), stored.lines)
  )
}

/** Asked when the response is over and nobody is left to catch. */
function linesAsFarAsPossible(data: Record<string, unknown>): Lines {
  const lines = new Map<string, string>()
  for (const key of Object.keys(data)) {
    try {
      const value = data[key]
      if (value !== undefined) lines.set(key, encodeValue(value, key))
    } catch {
      // No value has an empty line, so it differs from whatever is stored.
      lines.set(key, '')
    }
  }
  return lines
}
