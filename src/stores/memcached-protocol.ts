/** Memcached's meta protocol, as far as a store needs it: commands as text, replies out of a stream of bytes. */

/** One command. */
export interface Command {
  /** The command line without its end. */
  readonly line: string
  /** The data block of a write. */
  readonly value?: Uint8Array
  /** Which replies it can have, errors apart. */
  readonly codes: readonly string[]
  /** Where the CAS number in it comes from, see {@link Answer}: to any other server process it means nothing. */
  readonly epoch?: string
}

/** One reply, whole. */
export interface Reply {
  /** `HD`, `VA`, `EN`, `SERVER_ERROR` …; `END` stands for a whole list of `STAT` lines. */
  readonly code: string
  /** What follows the code: flags, or the words of an error, or all `name value` pairs of a list. */
  readonly words: readonly string[]
  /** The data block of a `VA`. */
  readonly value?: Uint8Array
}

/** A reply and who gave it. */
export interface Answer extends Reply {
  /**
   * One life of the server: CAS numbers begin again with every start, so that the number of a record that was lost
   * may come back with another one. `''` when the server does not tell.
   */
  readonly epoch: string
}

/** The stream is not what a Memcached server sends: nothing after it can be trusted. */
export class MalformedReply extends Error {
  override readonly name = 'MalformedReply'
}

/** Longer than any line a server sends. */
const MAX_LINE = 4096

/** More lines than `stats` has by an order of magnitude. */
const MAX_STATS = 2000

/** The most that a server can be told to keep in one item (-I), in bytes. */
const MAX_VALUE = 2 ** 30

const [CR, LF] = [13, 10]

/**
 * Takes what comes from the server, in pieces of any size, and gives each reply to `take` once it is complete. Throws
 * {@link MalformedReply}; it must not be used after that.
 */
export function replyReader(take: (reply: Reply) => void): (chunk: Uint8Array) => void {
  let line = ''
  let stats: string[] = []
  let block: { readonly words: readonly string[]; readonly size: number; readonly parts: Uint8Array[] } | undefined
  let missing = 0

  /** The value as it is read, without a copy until it is whole: one byte at a time must not cost the square. */
  function blockRead({ words, size, parts }: NonNullable<typeof block>): Reply {
    const bytes = joined(parts, size + 2)
    if (bytes[size] !== CR || bytes[size + 1] !== LF) throw new MalformedReply('a value is longer than announced')
    return { code: 'VA', words, value: bytes.subarray(0, size) }
  }

  function lineRead(): Reply | undefined {
    if (!line.endsWith('\r')) throw new MalformedReply('a line does not end with CR LF')
    const [code = '', ...words] = line.slice(0, -1).split(' ')
    line = ''
    if (!/^[A-Z][A-Z_]{1,15}$/.test(code)) throw new MalformedReply('a line begins with no reply code')
    if (code === 'STAT') {
      if (stats.push(words.join(' ')) > MAX_STATS) throw new MalformedReply('a list does not end')
      return undefined
    }
    if (code === 'END') {
      const list = stats
      stats = []
      return { code, words: list }
    }
    if (stats.length > 0) throw new MalformedReply('a list breaks off')
    if (code !== 'VA') return { code, words }
    const [size = '', ...flags] = words
    if (!/^\d{1,10}$/.test(size) || Number(size) > MAX_VALUE) throw new MalformedReply('a value has no usable size')
    block = { words: flags, size: Number(size), parts: [] }
    missing = block.size + 2
    return undefined
  }

  return (chunk) => {
    for (let at = 0; at < chunk.length;) {
      if (block !== undefined) {
        const part = chunk.subarray(at, at + missing)
        block.parts.push(part)
        missing -= part.length
        at += part.length
        if (missing > 0) break
        const whole = block
        block = undefined
        take(blockRead(whole))
        continue
      }
      const end = chunk.indexOf(LF, at)
      const piece = chunk.subarray(at, end < 0 ? chunk.length : end)
      if (line.length + piece.length > MAX_LINE) throw new MalformedReply('a line does not end')
      line += String.fromCharCode(...piece)
      if (end < 0) break
      at = end + 1
      const reply = lineRead()
      if (reply !== undefined) take(reply)
    }
  }
}

/** The token of the flag `name` in a reply: `flagOf(reply, 'c')` is the CAS number. */
export function flagOf({ words }: Reply, name: string): string | undefined {
  return words.find((word) => word.startsWith(name))?.slice(name.length)
}

/** Is the server of a version that speaks this protocol? */
export const NOOP: Command = { line: 'mn', codes: ['MN', 'ERROR', 'CLIENT_ERROR'] }

/** Counters, or settings. A proxy may refuse to tell. */
export function statsCommand(group?: 'settings'): Command {
  const line = group === undefined ? 'stats' : `stats ${group}`
  return { line, codes: ['END', 'ERROR', 'CLIENT_ERROR', 'SERVER_ERROR'] }
}

/**
 * Log in. By the protocol this is a write to any key. The expiry in the past matters to a server that has no
 * authentication switched on: it would keep name and password for everybody to read.
 */
export function loginCommand(username: string, password: string): Command {
  const value = new TextEncoder().encode(`${username} ${password}`)
  return { line: `set auth 0 -1 ${value.length}`, value, codes: ['STORED', 'ERROR', 'CLIENT_ERROR'] }
}

function joined(parts: readonly Uint8Array[], size: number): Uint8Array {
  const [first] = parts
  if (first !== undefined && parts.length === 1) return first
  const bytes = new Uint8Array(size)
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
