import type { Reply } from '../request/reply.ts'
import { applyReply, nodeHeaders } from './headers.ts'
import { failHead } from './fail-head.ts'
import { nothing, takeCalls, unshadow } from './held-calls.ts'
import type { CallVerb, HeldHead } from './held-calls.ts'
import { setFields } from './node-response.ts'
import type { Args } from './node-response.ts'

// Methods are taken off the response on purpose here, and always called with it through Reflect.apply.
/* oxlint-disable typescript/unbound-method */

/** The commit is done: the head leaves with its reply, and the calls that waited are made in their order. */
export function releaseHead(held: HeldHead, reply: Reply): void {
  unshadow(held)
  let flowing: unknown = true
  try {
    openHead(held, reply)
    for (const [verb, args] of takeCalls(held)) {
      const result = makeCall(held, verb, args)
      if (verb === 'write') flowing = result
    }
  } catch (error) {
    failHead(held, error, reply) // arguments that Node refuses would have thrown at the application
    return
  }
  const { calls } = held
  // Node announces 'drain' only for a write that it answered with false itself.
  if (calls?.owesDrain && !calls.ended && flowing !== false) announceDrain(held)
}

/** Put the reply on the head, and let it go with the next call or, when the application called writeHead, now. */
export function openHead(held: HeldHead, reply: Reply): void {
  const { res } = held
  stepAside(held)
  if (reply.setCookie.length > 0 || reply.varyCookie) {
    held.head = setFields(res, held.head ?? [res.statusCode])
    applyReply(nodeHeaders(res), reply)
  }
  if (!held.implied) sendHead(held)
}

/** Nothing is left to hold: the head went through methods that were taken off `res` before ours were put there. */
export function stepAside(held: HeldHead): void {
  const { res, ours, original } = held
  // A name each: looked up by a variable, and assigned by Object.assign(), they showed in the profile of a small request.
  if (res.writeHead === ours.writeHead) res.writeHead = original.writeHead
  if (res.write === ours.write) res.write = original.write
  if (res.end === ours.end) res.end = original.end
  if (res.flushHeaders === ours.flushHeaders) res.flushHeaders = original.flushHeaders
  held.phase = 'open'
}

/** An implied head is left to Node's own write or end, which then knows the body's length and sends that. */
export function makeCall(held: HeldHead, verb: CallVerb, args: Args): unknown {
  const { res, original, head } = held
  // Node would make the very call that is put into its way below.
  const asNode = head?.length === 1 && head[0] === res.statusCode && res.writeHead === original.writeHead
  if (head === undefined || asNode) return Reflect.apply(original[verb], res, args)
  const { writeHead } = res
  res.writeHead = () => sendHead(held)
  try {
    return Reflect.apply(original[verb], res, args)
  } finally {
    res.writeHead = writeHead
  }
}

function sendHead(held: HeldHead): unknown {
  const args = held.head ?? []
  held.head = undefined
  return Reflect.apply(held.original.writeHead, held.res, args)
}

/** compression, mounted before us, moves 'drain' listeners to a stream of its own: `on` answers with that one. */
function announceDrain({ on, res }: HeldHead): void {
  const emitter = Reflect.apply(on, res, ['drain', nothing])
  emitter.off('drain', nothing)
  emitter.emit('drain')
}
