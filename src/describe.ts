import { inWords } from './duration.ts'
import type { Policy } from './options.ts'

/**
 * The effective policy, a sentence a line: for the log at start-up and for auditors (ASVS 5.0, 7.1.1). `kept` is what
 * holds of where sessions are kept; default: what holds of every store.
 */
export function describePolicy(policy: Policy, kept: readonly string[] = keptInStore(policy)): string {
  const { lifetime, absolute, renewal, cookie } = policy
  const idle =
    lifetime.permanent === lifetime.browser
      ? `A session ends ${inWords(lifetime.permanent)} after its last visit.`
      : `A session ends ${inWords(lifetime.permanent)} after its last visit, or ${inWords(lifetime.browser)} when its cookie ends with the browser window.`
  return [
    idle,
    Number.isFinite(absolute) ? `It ends ${inWords(absolute)} after it began in any case.` : 'It has no absolute end.',
    renewal
      ? `Its ID is renewed by the first visit after ${inWords(renewal.after)}; the old one leads there for ${inWords(renewal.grace)}.`
      : 'Its ID stays until regenerate().',
    `New sessions ${policy.permanent ? 'outlive' : 'end with'} the browser window.`,
    `The cookie is ${cookie.name}, ${cookie.secure ? 'sent over https only' : 'also sent over plain http'}, out of reach of scripts.`,
    ...kept,
  ].join('\n')
}

function keptInStore({ onConflict, storeTimeout, sweepEvery }: Policy): string[] {
  return [
    `When two requests change one key, a deletion wins; otherwise ${typeof onConflict === 'function' ? 'your function decides' : `the answer is "${onConflict}"`}.`,
    `A store call may take ${inWords(storeTimeout)}.`,
    sweepEvery === false
      ? 'Dead records are removed by sessions.sweep() alone.'
      : `Dead records are removed about every ${inWords(sweepEvery)}.`,
  ]
}
