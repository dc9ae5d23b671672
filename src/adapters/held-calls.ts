import type { Reply } from '../request/reply.ts'
import { showAsSent } from './shown-as-sent.ts'
import type { Args, Head, NodeResponse } from './node-response.ts'

/** By these methods a head leaves, or a body. */
export type Verb = 'writeHead' | 'write' | 'end' | 'flushHeaders'

/** What is made again later: `flush` is compression's. */
export type CallVerb = Verb | 'flush'

/** Who a head is held for. */
export interface HeadOwner {
  /** Asked once, with the status about to be sent. */
  commit(status: number): Reply | Promise<Reply>
  /** Sends the error response when `commit` failed; a plain 500 when left out. */
  readonly answer?: ((error: unknown) => void) | undefined
}

/** A response's methods of these names. */
export type Methods = Required<Pick<NodeResponse, Verb>>

/**
 * One response whose head is held. A plain object that functions work on: with a closure for each of them every request
 * paid for all, and most requests need three.
 */
export interface HeldHead {
  readonly res: NodeResponse
  readonly owner: HeadOwner
  /** The response's methods as they were. */
  readonly original: Methods & { flush: () => unknown }
  /** Those that stand in for them, for this response. */
  readonly ours: Methods
  /** The response's `on` as it was. */
  readonly on: NodeResponse['on']
  /** Status and headers as they were. */
  readonly before: Head
  phase: 'before' | 'held' | 'open' | 'failed'
  /** What writeHead was given, until it is passed on. */
  head: Args | undefined
  /** The head came from write, end or flushHeaders, not from a call of writeHead. */
  implied: boolean
  /** The calls that wait; undefined until there is something to wait for. */
  calls: HeldCalls | undefined
  /** Why the commit failed. */
  failure: unknown
}

/** The calls that wait for the commit. */
export interface HeldCalls {
  readonly list: (readonly [verb: CallVerb, args: Args])[]
  /** `end` is among them. */
  ended: boolean
  bytes: number
  owesDrain: boolean
  /** Ends the response's being shown as sent; undefined once it has. */
  unshadow: (() => void) | undefined
}

/** From here on calls wait, and to the application the head is sent. */
export function keepCalls(held: HeldHead): void {
  const { res } = held
  const calls: HeldCalls = { list: [], ended: false, bytes: 0, owesDrain: false, unshadow: undefined }
  held.phase = 'held'
  held.calls = calls
  calls.unshadow = showAsSent(res, calls)
  // compression's method: made at once it would find nothing to flush yet, and the first event would stay in there.
  if (res.flush === undefined) return
  // oxlint-disable-next-line typescript/unbound-method -- always called with the response, through Reflect.apply
  held.original.flush = res.flush
  Object.assign(res, { flush: () => void calls.list.push(['flush', []]) })
}

/** One more call that waits; what the application is answered. */
export function keepCall(calls: HeldCalls, res: NodeResponse, verb: Verb, args: Args): unknown {
  calls.list.push([verb, args])
  if (verb === 'end') calls.ended = true
  if (verb !== 'write') return verb === 'end' ? res : undefined
  calls.bytes += sizeOf(args[0])
  calls.owesDrain ||= calls.bytes >= res.writableHighWaterMark
  return calls.bytes < res.writableHighWaterMark
}

/** Take what `keepCalls` put on the response off again. */
export function unshadow({ calls, original, res }: HeldHead): void {
  calls?.unshadow?.()
  if (calls) calls.unshadow = undefined
  if (original.flush !== nothing) Object.assign(res, { flush: original.flush })
}

/** The calls that waited, in order; none wait afterwards. */
export function takeCalls({ calls }: HeldHead): HeldCalls['list'] {
  return calls?.list.splice(0) ?? []
}

function sizeOf(chunk: unknown): number {
  if (typeof chunk === 'string') return chunk.length
  return chunk instanceof Uint8Array ? chunk.byteLength : 0
}

/** Where a response has no such method. */
export function nothing(): void {}
