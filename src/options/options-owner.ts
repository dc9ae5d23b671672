import { backendOf } from '../backend/backend.ts'
import { SessionError } from '../errors.ts'
import { refuse } from './options-check.ts'
import type { OwnerLimit } from '../owners/owner-limit.ts'
import type { SessionsOptions } from './options.ts'
import { shown } from './shown.ts'

const POLICIES: readonly unknown[] = ['end-oldest', 'refuse'] satisfies OwnerLimit['policy'][]

/** The limit, checked. `bad_option` for what is none, `cannot` for a store on which sessions cannot be counted. */
export function ownerLimit({ ownerLimit: option, store }: SessionsOptions): OwnerLimit | undefined {
  if (option === undefined) return undefined
  // Plain JavaScript may give anything.
  const given: unknown = option
  if (typeof given !== 'object' || given === null) {
    refuse(`ownerLimit is ${shown(given)}; write { sessions: 5, policy: 'end-oldest' } or 'refuse'`)
  }
  const { sessions, policy, ...others }: OwnerLimit & Readonly<Record<string, unknown>> = { ...option }
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) refuse(`there is no ownerLimit.${unknown}; there are sessions and policy`)
  if (!Number.isInteger(sessions) || sessions < 1) {
    refuse(`ownerLimit.sessions is ${shown(sessions)}; it is a whole number, 1 or more`)
  }
  if (!POLICIES.includes(policy)) {
    refuse(`ownerLimit.policy is ${shown(policy)}; it is 'end-oldest' or 'refuse'`)
  }
  if (store && (backendOf(store) || !store.list)) {
    const where = backendOf(store) ? 'sessions in cookies cannot be counted' : 'this store cannot list sessions'
    throw new SessionError('cannot', `ownerLimit needs a store that lists, and ${where}; choose another, or no limit`)
  }
  return { sessions, policy }
}
