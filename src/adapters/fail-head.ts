import { warn } from '../runtime/platform.ts'
import type { Reply } from '../request/reply.ts'
import { applyReply, nodeHeaders } from './headers.ts'
import { takeCalls, unshadow } from './held-calls.ts'
import type { CallVerb, HeldHead, Verb } from './held-calls.ts'
import { answerPlainly, restoreHead } from './node-response.ts'
import type { Args } from './node-response.ts'

const VERBS: readonly Verb[] = ['writeHead', 'write', 'end', 'flushHeaders']

/** The commit failed, or Node refused the calls that waited for it: drop these, and answer with the error. */
export function failHead(held: HeldHead, error: unknown, reply?: Reply): void {
  const { res, original, owner } = held
  unshadow(held)
  held.phase = 'failed'
  held.failure = error
  for (const [verb, args] of takeCalls(held)) dropCall(held, verb, args)
  // Middleware mounted after us still holds `ours`, and what it flushes belongs to the dropped response. The answer
  // goes around it, and once the answer has ended, an application that streams on writes into nothing: Node would
  // raise 'write after end', which nobody listens to, and end the process.
  for (const verb of VERBS) {
    const method = (...args: unknown[]): unknown =>
      res.writableEnded ? dropCall(held, verb, args) : Reflect.apply(original[verb], res, args)
    Object.assign(res, { [verb]: method })
  }
  if (res.headersSent) {
    res.destroy()
    warn(
      'COATCHECK_HEAD_SENT',
      `the response began past the session while that was saved, and was cut off: ${String(error)}`,
    )
    return
  }
  restoreHead(res, held.before)
  if (reply !== undefined) applyReply(nodeHeaders(res), reply)
  try {
    if (owner.answer) owner.answer(error)
    else answerPlainly(res)
  } catch (thrown) {
    if (res.headersSent) res.destroy()
    else answerPlainly(res)
    warn('COATCHECK_ANSWER_FAILED', `onCommitError threw, so the response is a plain 500: ${String(thrown)}`)
  }
}

/** True for a write: a source that waited for a drain would stay open for ever, one that goes on runs dry. */
export function dropCall({ res, failure }: HeldHead, verb: CallVerb, args: Args): unknown {
  const callback = args.at(-1)
  if (typeof callback === 'function') queueMicrotask(() => void Reflect.apply(callback, undefined, [failure]))
  return verb === 'write' ? true : res
}
