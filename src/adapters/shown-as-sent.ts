import { OnGiven } from '../runtime/private-field.ts'
import type { NodeResponse } from './node-response.ts'

/** Whether `end` was called on a response that is shown as sent. */
interface Ending {
  readonly ended: boolean
}

/**
 * To the application the head of this response has left, until the function that is returned is called: `headersSent`
 * is true, the header setters throw, and `writableEnded` is what `ending` says. `finished` stays false: by it Node's
 * server takes the connection for idle, and cuts it off when it is closed.
 *
 * Node's response is told by the field that its own accessors and setters look at. Shadowing these says the same in
 * public terms, and turns every response into a hash table, 25 µs a request; it serves HTTP/2, and runtimes whose
 * response keeps its head elsewhere.
 */
export function showAsSent(res: NodeResponse, ending: Ending): () => void {
  const state = stateOf(res)
  state.ending = ending
  const filled = hasHead(res) ? res : undefined
  if (filled) filled[HEAD] = FILLER
  const more = res.headersSent ? undefined : shadow(res)
  return () => {
    state.ending = undefined
    more?.()
    if (filled && !filled[HEAD_SENT]) filled[HEAD] = null
  }
}

interface State {
  ending: Ending | undefined
}

/** Set while a response is shown as sent. */
class ShownState extends OnGiven {
  readonly #state: State = { ending: undefined }

  static of(res: object): State | undefined {
    return #state in res ? res.#state : undefined
  }
}

function stateOf(res: object): State {
  const state = ShownState.of(res)
  if (state) return state
  Object.defineProperty(res, 'writableEnded', WRITABLE_ENDED)
  void new ShownState(res)
  return stateOf(res)
}

/** Stays on the response: taking properties off an object is what is dear. */
const WRITABLE_ENDED: PropertyDescriptor = { get: writableEnded, configurable: true }

function writableEnded(this: object): unknown {
  const ending = ShownState.of(this)?.ending
  return ending ? ending.ended : Reflect.get(Reflect.getPrototypeOf(this) ?? {}, 'writableEnded', this)
}

const HEAD = '_header'
const HEAD_SENT = '_headerSent'

/** A response of node:http, with the fields in which it keeps its head. */
interface WithHead {
  [HEAD]: string | null
  [HEAD_SENT]: boolean
}

/** Never sent, unless somebody goes around us with methods from before: an error then, whose body is never whole. */
const FILLER = 'HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n'

function hasHead(res: object): res is WithHead {
  return HEAD in res && HEAD_SENT in res && res[HEAD] === null
}

const SHADOWS: readonly (readonly [name: string, descriptor: PropertyDescriptor])[] = [
  ['headersSent', { get: () => true, configurable: true }],
  ...['setHeader', 'setHeaders', 'appendHeader', 'removeHeader'].map(
    (setter) => [setter, { value: refuse, writable: true, configurable: true }] as const,
  ),
]

function shadow(res: object): () => void {
  const before = SHADOWS.map(([name]) => [name, Object.getOwnPropertyDescriptor(res, name)] as const)
  for (const [name, descriptor] of SHADOWS) Object.defineProperty(res, name, descriptor)
  return () => {
    for (const [name, own] of before) {
      if (own === undefined) Reflect.deleteProperty(res, name)
      else Object.defineProperty(res, name, own)
    }
  }
}

function refuse(): never {
  throw headIsSent()
}

/** Node's own code: frameworks compare it. */
export function headIsSent(): Error {
  return Object.assign(new Error('Cannot change the head: it is sent'), { code: 'ERR_HTTP_HEADERS_SENT' })
}
