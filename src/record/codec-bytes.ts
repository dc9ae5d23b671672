/**
 * Base64 on every runtime, without importing one's own modules. The built-in methods are used where they exist (Node 25,
 * current browsers and workers). Elsewhere a table: several times faster than a binary string made for `btoa`.
 */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const CODES = Uint8Array.from(ALPHABET, (character) => character.charCodeAt(0))
const PADDING = 61
const ascii = new TextDecoder()

/** Bytes as standard base64 with padding. */
export function toBase64(bytes: Uint8Array): string {
  if ('toBase64' in bytes && typeof bytes.toBase64 === 'function') return String(bytes.toBase64())
  const text = new Uint8Array(Math.ceil(bytes.length / 3) * 4)
  for (let from = 0, to = 0; from < bytes.length; from += 3, to += 4) {
    const bits = ((bytes[from] ?? 0) << 16) | ((bytes[from + 1] ?? 0) << 8) | (bytes[from + 2] ?? 0)
    text[to] = CODES[bits >> 18] ?? 0
    text[to + 1] = CODES[(bits >> 12) & 63] ?? 0
    text[to + 2] = CODES[(bits >> 6) & 63] ?? 0
    text[to + 3] = CODES[bits & 63] ?? 0
  }
  const missing = (3 - (bytes.length % 3)) % 3
  text.fill(PADDING, text.length - missing)
  return ascii.decode(text)
}

/** The bytes of a base64 text. Throws `SyntaxError` when it is none. */
export function fromBase64(text: string): Uint8Array {
  if ('fromBase64' in Uint8Array && typeof Uint8Array.fromBase64 === 'function') {
    const bytes: unknown = Uint8Array.fromBase64(text)
    if (bytes instanceof Uint8Array) return bytes
  }
  const binary = decodeBinary(text)
  const bytes = new Uint8Array(binary.length)
  for (let index = 0; index < binary.length; index++) bytes[index] = binary.charCodeAt(index)
  return bytes
}

function decodeBinary(text: string): string {
  try {
    return atob(text)
  } catch (error) {
    throw new SyntaxError('the content of a $bytes is not base64', { cause: error })
  }
}
