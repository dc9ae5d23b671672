import { nodeHeaders } from './headers.ts'
import type { NodeHeaders } from './headers.ts'

/** What is used of a Node response; `http.ServerResponse` and `http2.Http2ServerResponse` both have it. */
export interface NodeResponse extends NodeHeaders {
  statusCode: number
  readonly headersSent: boolean
  readonly writableEnded: boolean
  readonly writableHighWaterMark: number
  getHeaders(): object
  getHeaderNames(): readonly string[]
  removeHeader(name: string): unknown
  writeHead(statusCode: number, ...rest: unknown[]): unknown
  write(chunk: unknown, ...rest: unknown[]): unknown
  end(...args: unknown[]): unknown
  flushHeaders?(): unknown
  /** compression's: send what it has so far. */
  flush?(): unknown
  on(event: string, listener: () => void): Emitter
  destroy(error?: Error): unknown
}

interface Emitter {
  off(event: string, listener: () => void): unknown
  emit(event: string): unknown
}

/** The arguments of a call, as they came. */
export type Args = readonly unknown[]

const ANSWER = 'Internal Server Error'

/** 500, and nothing about the reason. */
export function answerPlainly(res: NodeResponse): void {
  res.statusCode = 500
  res.setHeader('content-type', 'text/plain; charset=utf-8')
  // Said here, because Node no longer says it by itself once the header was removed.
  res.setHeader('content-length', String(ANSWER.length))
  res.setHeader('cache-control', 'no-store')
  res.end(ANSWER)
}

/** A response's status and headers at one moment. */
export interface Head {
  readonly status: number
  readonly headers: readonly (readonly [name: string, value: string | readonly string[]])[]
}

/** Status and headers as they are now, for restoreHead. */
export function takeHead(res: NodeResponse): Head {
  const headers: [string, string | readonly string[]][] = []
  // Rarely are there any yet, and their names are had without the copy that getHeaders makes.
  for (const name of res.getHeaderNames()) {
    const value = res.getHeader(name)
    // A list is copied: Node's appendHeader adds to the very array that getHeader hands out.
    headers.push([name, Array.isArray(value) ? value.map(String) : String(value)])
  }
  return { status: res.statusCode, headers }
}

/** Put them back. The reason phrase goes too: Node fills in the status's own. */
export function restoreHead(res: NodeResponse, { status, headers }: Head): void {
  for (const name of res.getHeaderNames()) res.removeHeader(name)
  for (const [name, value] of headers) res.setHeader(name, value)
  res.statusCode = status
  if (Object.hasOwn(res, 'statusMessage')) Object.assign(res, { statusMessage: '' })
}

/**
 * Put the header fields that writeHead was given on the response, and return its other arguments. Given fields replace
 * earlier ones of their name, ours with them, so they must be in place before ours are added. An object or, as Node
 * takes them too, a list: flat (name, value, name, value) or of pairs. What is no string is Node's to refuse.
 */
export function setFields(res: NodeResponse, [status, reason, fields]: Args): Args {
  const hasReason = typeof reason === 'string'
  const given = hasReason ? fields : (fields ?? reason)
  if (Array.isArray(given)) {
    const pairs: [string, string][] = Array.isArray(given[0]) ? given : pairUp(given)
    const headers = nodeHeaders(res)
    for (const [name] of pairs) res.removeHeader(name)
    for (const [name, value] of pairs) for (const one of [value].flat()) headers.append(name, one)
  } else if (typeof given === 'object' && given !== null) {
    const entries: [string, string][] = Object.entries(given)
    for (const [name, value] of entries) res.setHeader(name, value)
  }
  return hasReason ? [status, reason] : [status]
}

function pairUp(flat: string[]): [string, string][] {
  return flat.flatMap((name, at): [string, string][] => (at % 2 === 0 ? [[name, flat[at + 1] ?? '']] : []))
}
