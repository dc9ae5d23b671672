import type { Clock } from '../runtime/clock.ts'
import { inWords } from '../options/duration.ts'
import { SessionError } from '../errors.ts'
import type { ServerAddress } from './memcached-address.ts'
import { greet, type ServerFacts } from './memcached-greeting.ts'
import { type Answer, type Command, flagOf, MalformedReply, type Reply, replyReader } from './memcached-protocol.ts'
import { openSocket, type MemcachedTls } from './memcached-socket.ts'

/** How to talk to every server. */
export interface ConnectionOptions {
  readonly clock: Clock
  /** Milliseconds for one call, with everything before it: connecting, its turn, its answer. */
  readonly timeout: number
  readonly tls: MemcachedTls | undefined
  readonly login: { readonly username: string; readonly password: string } | undefined
}

/** One connection, being made or made. Its state only ever goes towards its end. */
export interface Connection {
  /** Calls without an answer. */
  readonly pending: () => number
  /** Send a command and wait for its reply. Every rejection is a {@link SessionError}. */
  send(command: Command): Promise<Answer>
  /** End it once the calls under way have their answers, at the latest at their time limit. */
  close(): Promise<void>
}

/** What the owner of a connection is told. */
export interface ConnectionEvents {
  /** The server has shown that it can be used. */
  readonly ready: () => void
  /** The end, once. `wasReady` false: the connection was never made. */
  readonly ended: (error: SessionError, wasReady: boolean) => void
}

interface Call {
  readonly command: Command
  readonly resolve: (reply: Answer) => void
  readonly reject: (error: SessionError) => void
  /** Comes back with the reply: what belongs to another call is noticed. */
  opaque: string | undefined
}

/** Calls and bytes that may wait on one connection: beyond that, memory would fill while a server is slow. */
const MOST_WAITING = { calls: 4096, bytes: 64 * 1024 * 1024 }

/** Bytes of an item that are not its value: the server's own, and a key of up to 250. */
const ITEM_OVERHEAD = 512

/** What a number of an earlier life of the server gets, without asking: there is no record it could belong to. */
const OTHER_EPOCH: Reply = { code: 'EX', words: [] }

const LINE_END = '\r\n'

/**
 * Connect. Commands go out in the order they come in, without waiting for the replies to those before (pipelining),
 * and replies come in the same order. So a reply that does not come, or is not understood, ends the connection: what
 * comes later could be taken for the answer to another call.
 */
export function openConnection(
  address: ServerAddress,
  { clock, timeout, tls, login }: ConnectionOptions,
  events: ConnectionEvents,
): Connection {
  const server = `memcached ${address.name}`
  /** In the order of the replies to come. */
  const sent: Call[] = []
  /** Not sent before the greeting: a server that does not know these commands would take values for commands. */
  const unsent: Call[] = []
  let facts: ServerFacts | undefined
  let waitingBytes = 0
  let opaques = 0
  let over: SessionError | undefined
  let drained: (() => void) | undefined

  const read = replyReader(accept)
  const socket = openSocket(address, tls, {
    data: receive,
    ended: (cause) => {
      const why = cause === undefined ? 'it closed the connection' : `the connection failed (${cause.message})`
      fail(new SessionError('store_failed', `${server} did not answer: ${why}`, { cause }))
    },
  })

  function write(call: Call): void {
    sent.push(call)
    const { line, value } = call.command
    const opaque = call.opaque === undefined ? '' : ` O${call.opaque}`
    socket.write(value === undefined ? [line + opaque + LINE_END] : [line + opaque + LINE_END, value, LINE_END])
  }

  function receive(chunk: Uint8Array): void {
    try {
      read(chunk)
    } catch (error) {
      if (!(error instanceof MalformedReply)) throw error
      const detail = `${server} sent something that is no answer: ${error.message}. Is it a Memcached server?`
      fail(new SessionError('store_failed', detail, { cause: error }))
    }
  }

  function accept(reply: Reply): void {
    if (over !== undefined) return
    const call = sent.shift()
    if (call === undefined) throw new MalformedReply('a reply to nothing')
    const { code, words } = reply
    if (call.command.codes.includes(code)) {
      const opaque = flagOf(reply, 'O')
      // Servers differ in whether a miss (EN) returns it.
      if (opaque !== call.opaque && !(code === 'EN' && opaque === undefined)) {
        sent.unshift(call)
        throw new MalformedReply('a reply to another call')
      }
      call.resolve({ ...reply, epoch: facts?.epoch ?? '' })
      return
    }
    const error = refusal(server, `${code} ${words.join(' ')}`.trim())
    call.reject(error)
    // These two leave the stream in order. After any other the server may take what we sent for something else.
    if (!/^SERVER_ERROR (object too large for cache|out of memory storing object)$/.test([code, ...words].join(' ')))
      fail(error)
  }

  function exchange(command: Command): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (over === undefined) write({ command, resolve, reject, opaque: undefined })
      else reject(over)
    })
  }

  function start(call: Call): void {
    const { value, epoch } = call.command
    const size = value?.length ?? 0
    const most = (facts?.itemSizeMax ?? 0) - ITEM_OVERHEAD
    // Refused by the server, an item that is too large would take the record there was with it.
    if (size > most) call.reject(tooLarge(server, `${size} bytes; it takes ${most} (its option -I)`))
    else if (epoch !== undefined && epoch !== facts?.epoch) call.resolve({ ...OTHER_EPOCH, epoch: facts?.epoch ?? '' })
    else write(call)
  }

  function fail(error: SessionError): void {
    if (over !== undefined) return
    over = error
    socket.destroy()
    for (const call of [...sent.splice(0), ...unsent.splice(0)]) call.reject(error)
    events.ended(error, facts !== undefined)
    drained?.()
  }

  async function begin(): Promise<void> {
    try {
      const found = await greet(server, exchange, login)
      if (over !== undefined) return
      facts = found
      events.ready()
      for (const call of unsent.splice(0)) start(call)
    } catch (error) {
      fail(error instanceof SessionError ? error : refusal(server, String(error)))
    }
  }

  /** Calls of the owner, whose number decides whether the process stays alive. */
  let pending = 0

  function settle(bytes: number): void {
    pending -= 1
    waitingBytes -= bytes
    if (pending > 0) return
    socket.unref()
    drained?.()
  }

  void begin()
  return {
    pending: () => pending,

    async send(command) {
      if (over !== undefined) throw over
      const bytes = command.value?.length ?? 0
      if (pending >= MOST_WAITING.calls || waitingBytes + bytes > MOST_WAITING.bytes)
        throw new SessionError('store_failed', `${server} has ${pending} calls waiting already; this one was not sent`)
      pending += 1
      waitingBytes += bytes
      socket.ref()
      const cancel = clock.after(timeout, () => {
        fail(new SessionError('store_timeout', `${server} did not answer within ${inWords(timeout)}`))
      })
      try {
        return await new Promise<Answer>((resolve, reject) => {
          const call = { command, resolve, reject, opaque: (opaques++ % 0x1_0000_0000).toString(36) }
          if (facts === undefined) unsent.push(call)
          else start(call)
        })
      } finally {
        cancel()
        settle(bytes)
      }
    },

    async close() {
      if (pending > 0) await new Promise<void>((resolve) => (drained = resolve))
      fail(new SessionError('closed', `${server}: the store was closed`))
      await socket.end()
    },
  }
}

function refusal(server: string, words: string): SessionError {
  if (words.startsWith('SERVER_ERROR object too large')) return tooLarge(server, 'more than its option -I allows')
  return new SessionError('store_failed', `${server} answers: ${words}`)
}

function tooLarge(server: string, detail: string): SessionError {
  return new SessionError('record_too_large', `${server}: ${detail}. Keep less in the session`)
}
