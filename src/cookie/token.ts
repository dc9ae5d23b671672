import { SessionError } from '../errors.ts'
import { NodeBuffer, randomBytes, sha256 } from '../runtime/platform.ts'

/** Bytes of randomness in a token. ASVS 5.0 asks for 128 bits; 256 leave nothing to argue about. */
const TOKEN_BYTES = 32

/** 32 bytes in base64url without padding. */
const TOKEN_SHAPE = /^[\w-]{43}$/

/**
 * What the browser holds and what the server files it under. Only the hash ever reaches a store, a log or a tool, so
 * that a stolen store opens no door (requirement "ID not recoverable from the store").
 */
export interface Ticket {
  /** The secret: goes into the cookie and nowhere else. */
  readonly token: string
  /** SHA-256 of the token in hex. Hex, because stores and file systems may ignore case. */
  readonly id: string
}

/** A source of random bytes. */
export type RandomBytes = (size: number) => Uint8Array

/** Whether a cookie value could be a token at all; anything else never reaches the store. */
export function isToken(value: string): boolean {
  return TOKEN_SHAPE.test(value)
}

/** The ticket for a token a browser sent. */
export function ticketFor(token: string): Ticket | Promise<Ticket> {
  const id = sha256(token)
  return typeof id === 'string' ? { token, id } : id.then((hash) => ({ token, id: hash }))
}

/** A fresh ticket. `random` replaces the generator in tests; one that is short of bytes is refused. */
export function drawTicket(random: RandomBytes = drawnAhead): Ticket | Promise<Ticket> {
  const bytes = random(TOKEN_BYTES)
  if (!(bytes instanceof Uint8Array) || bytes.length !== TOKEN_BYTES) {
    throw new SessionError('bad_option', `randomBytes must return ${TOKEN_BYTES} bytes, or tokens can be guessed`)
  }
  return ticketFor(base64url(bytes))
}

/**
 * A call of the generator costs several times the few bytes that a token needs, so it is asked for many tokens at once,
 * as Node's own `randomUUID()` does. What was handed out is wiped: a look into memory finds no bytes of a token in use.
 */
function drawnAhead(size: number): Uint8Array {
  if (aheadFrom === ahead.length) {
    ahead = randomBytes(TOKENS_AHEAD * size)
    aheadFrom = 0
  }
  const end = aheadFrom + size
  const bytes = ahead.slice(aheadFrom, end)
  ahead.fill(0, aheadFrom, end)
  aheadFrom = end
  return bytes
}

const TOKENS_AHEAD = 64
let ahead: Uint8Array = new Uint8Array()
let aheadFrom = 0

/** Bytes in base64url without padding. */
export function base64url(bytes: Uint8Array): string {
  // A tenth of the time of what every runtime has.
  if (NodeBuffer) return NodeBuffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64url')
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

/** The bytes again. Throws for what is not base64url. */
export function fromBase64url(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  return Uint8Array.from(binary, (character) => character.charCodeAt(0))
}
