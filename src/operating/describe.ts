import { inWords } from '../options/duration.ts'
import type { Policy } from '../options/options.ts'
import type { OwnerLimit } from '../owners/owner-limit.ts'
import type { Store } from '../store.ts'

/**
 * The effective policy, a sentence a line: for the log at start-up and for auditors (ASVS 5.0, 7.1.1). `kept` is what
 * holds of where sessions are kept; default: what holds of the store.
 */
export function describePolicy(policy: Policy, store: Store, kept: readonly string[] = keptIn(store, policy)): string {
  const { lifetime, absolute, renewal, ownerLimit, cookie } = policy
  const idle =
    lifetime.permanent === lifetime.browser
      ? `A session ends ${inWords(lifetime.permanent)} after its last visit.`
      : `A session ends ${inWords(lifetime.permanent)} after its last visit, or ${inWords(lifetime.browser)} when its cookie ends with the browser window.`
  return [
    idle,
    Number.isFinite(absolute)
      ? `It ends ${inWords(absolute)} after it began, or after its owner's last login(), in any case.`
      : 'It has no absolute end.',
    renewal
      ? `Its ID is renewed by the first visit after ${inWords(renewal.after)}; the old one leads there for ${inWords(renewal.grace)}.`
      : 'Its ID stays until regenerate().',
    ...(ownerLimit ? [ownersMayHave(ownerLimit)] : []),
    `New sessions ${policy.permanent ? 'outlive' : 'end with'} the browser window.`,
    `The cookie is ${cookie.name}, ${cookie.secure ? 'sent over https only' : 'also sent over plain http'}, out of reach of scripts.`,
    ...(policy.validation ? ['Data is checked by a schema when it is read and before it is saved.'] : []),
    ...kept,
  ].join('\n')
}

function ownersMayHave({ sessions, policy }: OwnerLimit): string {
  const many = sessions === 1 ? 'one session' : `${sessions} sessions`
  return `An owner has ${many} at most; a further sign-in ${policy === 'refuse' ? 'is refused' : 'ends the oldest'}.`
}

function keptIn(store: Store, { onConflict, onStoreError, storeTimeout, sweepEvery }: Policy): string[] {
  return [
    `Sessions are kept in ${store.name ?? 'a store without a name'}.`,
    store.list ? 'They can be listed, and ended by owner.' : 'They cannot be listed, nor ended by owner.',
    `When two requests change one key, a deletion wins; otherwise ${typeof onConflict === 'function' ? 'your function decides' : `the answer is "${onConflict}"`}.`,
    `A store call may take ${inWords(storeTimeout)}; a request whose session cannot be read then gets ${onStoreError === 'error' ? 'an error' : 'an anonymous session that is never saved'}.`,
    sweeping(store, sweepEvery),
  ]
}

function sweeping(store: Store, sweepEvery: Policy['sweepEvery']): string {
  if (!store.sweep) return 'The store removes dead records by itself.'
  if (sweepEvery === false) return 'Dead records are removed by sessions.sweep() alone.'
  return `Dead records are removed about every ${inWords(sweepEvery)}.`
}
