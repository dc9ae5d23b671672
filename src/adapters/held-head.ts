import { warn } from '../runtime/platform.ts'
import type { Reply } from '../request/reply.ts'
import { applyReply, nodeHeaders } from './headers.ts'
import { headIsSent, showAsSent } from './shown-as-sent.ts'
import { answerPlainly, restoreHead, setFields, takeHead } from './node-response.ts'
import type { Args, NodeResponse } from './node-response.ts'

// Methods are taken off the response on purpose here, and always called with it through Reflect.apply.
/* oxlint-disable typescript/unbound-method */

type Verb = 'writeHead' | 'write' | 'end' | 'flushHeaders'
type Call = readonly [verb: Verb | 'flush', args: Args]

const VERBS: readonly Verb[] = ['writeHead', 'write', 'end', 'flushHeaders']

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
export function holdHead(
  res: NodeResponse,
  commit: (status: number) => Reply | Promise<Reply>,
  answer: (error: unknown) => void = () => answerPlainly(res),
): void {
  const original = {
    writeHead: res.writeHead,
    write: res.write,
    end: res.end,
    flushHeaders: res.flushHeaders ?? nothing,
    flush: nothing,
  }
  const { on } = res
  const before = takeHead(res)
  let unshadow: (() => void) | undefined
  const calls: Call[] = []
  let phase: 'before' | 'held' | 'open' | 'failed' = 'before'
  let failure: unknown
  let head: Args | undefined // what writeHead was given, until it is passed on
  let implied = false // the head came from write, end or flushHeaders, not from a call of writeHead
  let ended = false
  let bytes = 0
  let owesDrain = false

  const ours = {
    writeHead: (...args: unknown[]) => {
      if (phase === 'before' && res.headersSent) stepAside()
      if (phase === 'open') return Reflect.apply(original.writeHead, res, args)
      if (phase === 'held') throw headIsSent()
      if (phase === 'before') begin(args)
      return res
    },
    write: (...args: unknown[]) => enter('write', args),
    end: (...args: unknown[]) => enter('end', args),
    flushHeaders: () => enter('flushHeaders', []),
  }
  putMethods(res, ours)

  function enter(verb: Verb, args: Args): unknown {
    if (phase === 'before' && res.headersSent) stepAside()
    if (phase === 'before') imply()
    if (phase === 'open') return make(verb, args)
    if (phase === 'failed') return drop(verb, args)
    calls.push([verb, args])
    if (verb === 'end') ended = true
    if (verb !== 'write') return verb === 'end' ? res : undefined
    bytes += sizeOf(args[0])
    owesDrain ||= bytes >= res.writableHighWaterMark
    return bytes < res.writableHighWaterMark
  }

  /**
   * Through res.writeHead, as Node does: middleware mounted after us (compression, response-time) has its say now,
   * before the commit, and not again when the call is made for good.
   */
  function imply(): void {
    implied = true
    try {
      res.writeHead(res.statusCode)
      if (head === undefined) begin([res.statusCode])
    } catch (error) {
      implied = false
      throw error
    }
  }

  function begin(args: Args): void {
    head = args
    const reply = commit(typeof args[0] === 'number' ? args[0] : res.statusCode)
    if ('then' in reply) {
      phase = 'held'
      unshadow = showAsSent(res, () => ended)
      holdFlush()
      reply.then(release, fail)
    } else {
      open(reply)
    }
  }

  /** compression's method: made at once it would find nothing to flush yet, and the first event would stay in there. */
  function holdFlush(): void {
    if (res.flush === undefined) return
    original.flush = res.flush
    Object.assign(res, { flush: () => void calls.push(['flush', []]) })
  }

  /** What `begin` put on the response while it was held. */
  function letGo(): void {
    unshadow?.()
    unshadow = undefined
    if (original.flush !== nothing) Object.assign(res, { flush: original.flush })
  }

  function release(reply: Reply): void {
    letGo()
    let flowing: unknown = true
    try {
      open(reply)
      for (const [verb, args] of calls.splice(0)) {
        const result = make(verb, args)
        if (verb === 'write') flowing = result
      }
    } catch (error) {
      fail(error, reply) // arguments that Node refuses would have thrown at the application
      return
    }
    // Node announces 'drain' only for a write that it answered with false itself.
    if (owesDrain && !ended && flowing !== false) announceDrain()
  }

  /** Nothing is left to hold: the head went through methods that were taken off `res` before ours were put there. */
  function stepAside(): void {
    // A name each: looked up by a variable, and assigned by Object.assign(), they showed in the profile of a small request.
    if (res.writeHead === ours.writeHead) res.writeHead = original.writeHead
    if (res.write === ours.write) res.write = original.write
    if (res.end === ours.end) res.end = original.end
    if (res.flushHeaders === ours.flushHeaders) res.flushHeaders = original.flushHeaders
    phase = 'open'
  }

  function open(reply: Reply): void {
    stepAside()
    if (reply.setCookie.length > 0 || reply.varyCookie) {
      head = setFields(res, head ?? [res.statusCode])
      applyReply(nodeHeaders(res), reply)
    }
    if (!implied) sendHead()
  }

  function sendHead(): unknown {
    const args = head ?? []
    head = undefined
    return Reflect.apply(original.writeHead, res, args)
  }

  /** An implied head is left to Node's own write or end, which then knows the body's length and sends that. */
  function make(verb: Call[0], args: Args): unknown {
    if (head === undefined) return Reflect.apply(original[verb], res, args)
    const { writeHead } = res
    res.writeHead = sendHead
    try {
      return Reflect.apply(original[verb], res, args)
    } finally {
      res.writeHead = writeHead
    }
  }

  function fail(error: unknown, reply?: Reply): void {
    letGo()
    phase = 'failed'
    failure = error
    for (const [verb, args] of calls.splice(0)) drop(verb, args)
    // Middleware mounted after us still holds `ours`, and what it flushes belongs to the dropped response. The answer
    // goes around it, and once the answer has ended, an application that streams on writes into nothing: Node would
    // raise 'write after end', which nobody listens to, and end the process.
    for (const verb of VERBS) {
      const method = (...args: unknown[]): unknown =>
        res.writableEnded ? drop(verb, args) : Reflect.apply(original[verb], res, args)
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
    restoreHead(res, before)
    if (reply !== undefined) applyReply(nodeHeaders(res), reply)
    try {
      answer(error)
    } catch (thrown) {
      if (res.headersSent) res.destroy()
      else answerPlainly(res)
      warn('COATCHECK_ANSWER_FAILED', `onCommitError threw, so the response is a plain 500: ${String(thrown)}`)
    }
  }

  /** True for a write: a source that waited for a drain would stay open for ever, one that goes on runs dry. */
  function drop(verb: Call[0], args: Args): unknown {
    const callback = args.at(-1)
    if (typeof callback === 'function') queueMicrotask(() => void Reflect.apply(callback, undefined, [failure]))
    return verb === 'write' ? true : res
  }

  /** compression, mounted before us, moves 'drain' listeners to a stream of its own: `on` answers with that one. */
  function announceDrain(): void {
    const emitter = Reflect.apply(on, res, ['drain', nothing])
    emitter.off('drain', nothing)
    emitter.emit('drain')
  }
}

/** One by one: Object.assign() showed in the profile of a small request. */
function putMethods(
  res: NodeResponse,
  { writeHead, write, end, flushHeaders }: Required<Pick<NodeResponse, Verb>>,
): void {
  res.writeHead = writeHead
  res.write = write
  res.end = end
  res.flushHeaders = flushHeaders
}

function sizeOf(chunk: unknown): number {
  if (typeof chunk === 'string') return chunk.length
  return chunk instanceof Uint8Array ? chunk.byteLength : 0
}

function nothing(): void {}
