import { dropCall, failHead } from './fail-head.ts'
import { keepCall, keepCalls, nothing } from './held-calls.ts'
import type { HeadOwner, HeldHead, Methods, Verb } from './held-calls.ts'
import { takeHead } from './node-response.ts'
import type { Args, NodeResponse } from './node-response.ts'
import { makeCall, openHead, releaseHead, stepAside } from './release-head.ts'
import { headIsSent } from './shown-as-sent.ts'

export type { HeadOwner } from './held-calls.ts'

// Methods are taken off the response on purpose here, and always called with it through Reflect.apply.
/* oxlint-disable typescript/unbound-method */

/**
 * Keep the response's head back until the session is committed, so that a redirect never outruns the save and a
 * failed save is an error response.
 *
 * The first of writeHead, write, end and flushHeaders calls `commit` with the status about to be sent. While the
 * commit is under way, calls are kept and later made in the same order; to the application the head is sent
 * (`headersSent`, `writableEnded`, header setters throw), and `write` answers false once `writableHighWaterMark`
 * bytes are kept, with a `drain` to follow: a writer that heeds it never has more than that and one chunk in memory.
 * When `commit` answers at once, nothing is kept. Afterwards the response's own methods are back in place.
 *
 * When `commit` fails, status and headers return to what they were when `holdHead` was called, what the application
 * wrote is dropped, and `answer` sends the error response; without it that is a plain 500 that says nothing more.
 * 1xx responses are not held. A head that left by other means than `res`'s present methods is neither held nor
 * committed for: `commit` is not called then.
 */
export function holdHead(res: NodeResponse, owner: HeadOwner): void {
  const ours: Methods = {
    writeHead: (...args) => takeWriteHead(held, args),
    write: (...args) => take(held, 'write', args),
    end: (...args) => take(held, 'end', args),
    flushHeaders: () => take(held, 'flushHeaders', []),
  }
  const held: HeldHead = {
    res,
    owner,
    original: {
      writeHead: res.writeHead,
      write: res.write,
      end: res.end,
      flushHeaders: res.flushHeaders ?? nothing,
      flush: nothing,
    },
    ours,
    on: res.on,
    before: takeHead(res),
    phase: 'before',
    head: undefined,
    implied: false,
    calls: undefined,
    failure: undefined,
  }
  // One by one: Object.assign() showed in the profile of a small request.
  res.writeHead = ours.writeHead
  res.write = ours.write
  res.end = ours.end
  res.flushHeaders = ours.flushHeaders
}

function takeWriteHead(held: HeldHead, args: Args): unknown {
  const { res } = held
  if (held.phase === 'before' && res.headersSent) stepAside(held)
  if (held.phase === 'open') return Reflect.apply(held.original.writeHead, res, args)
  if (held.phase === 'held') throw headIsSent()
  if (held.phase === 'before') begin(held, args)
  return res
}

function take(held: HeldHead, verb: Verb, args: Args): unknown {
  const { res } = held
  if (held.phase === 'before' && res.headersSent) stepAside(held)
  if (held.phase === 'before') imply(held)
  if (held.phase === 'failed') return dropCall(held, verb, args)
  return held.phase === 'held' && held.calls ? keepCall(held.calls, res, verb, args) : makeCall(held, verb, args)
}

/**
 * Through res.writeHead, as Node does: middleware mounted after us (compression, response-time) has its say now,
 * before the commit, and not again when the call is made for good.
 */
function imply(held: HeldHead): void {
  const { res } = held
  held.implied = true
  try {
    res.writeHead(res.statusCode)
    if (held.head === undefined) begin(held, [res.statusCode])
  } catch (error) {
    held.implied = false
    throw error
  }
}

function begin(held: HeldHead, args: Args): void {
  held.head = args
  const reply = held.owner.commit(typeof args[0] === 'number' ? args[0] : held.res.statusCode)
  if ('then' in reply) {
    keepCalls(held)
    reply.then(
      (settled) => releaseHead(held, settled),
      (error: unknown) => failHead(held, error),
    )
  } else {
    openHead(held, reply)
  }
}
