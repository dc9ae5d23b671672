import { attackBodies } from './session-cases-attacks.ts'
import { deadlineBodies, operatorBodies } from './session-cases-deadlines.ts'
import { endingBodies } from './session-cases-endings.ts'
import { outageBodies } from './session-cases-outages.ts'
import { ownerBodies, signInBodies } from './session-cases-owners.ts'
import { ownerProofBodies } from './session-cases-proof-of-owner.ts'
import { promiseBodies } from './session-cases-promises.ts'
import { renewalBodies } from './session-cases-renewal.ts'
import { updateBodies } from './session-cases-updates.ts'
import type { StoreCase } from './store-case.ts'
import type { SessionBody } from './visitor.ts'

/**
 * The promises, kept by the core over a store: races are decided at the gates of `gatedStore`. A store that keeps the
 * contract passes them; they show that it does where it matters.
 */
export const sessionCases: readonly StoreCase[] = [
  ...cases(updateBodies, 'P2'),
  ...cases(endingBodies, 'P3'),
  ...cases(promiseBodies),
  ...cases(deadlineBodies),
  ...cases(outageBodies),
  ...cases(renewalBodies.any),
  ...cases(renewalBodies.list, undefined, ['list']),
  ...cases(signInBodies),
  ...cases(ownerProofBodies),
  ...cases(attackBodies),
  ...cases(operatorBodies.sweep, undefined, ['sweep']),
  ...cases(operatorBodies.list, undefined, ['list']),
  ...cases(ownerBodies, undefined, ['list']),
]

/** A case for each body; without a promise given, the name begins with it. */
function cases(
  bodies: Readonly<Record<string, SessionBody>>,
  promise?: string,
  needs: StoreCase['needs'] = [],
): StoreCase[] {
  return Object.entries(bodies).map(([name, run]) => ({
    name: promise === undefined ? name.slice(name.indexOf(' ') + 1) : name,
    promise: promise ?? name.slice(0, name.indexOf(' ')),
    needs,
    run,
  }))
}
