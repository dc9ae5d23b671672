/**
 * Base64 on every runtime, without importing one's own modules. The built-in methods are the fastest where they exist
 * (Node 25, current browsers and workers); `btoa` and `atob` are everywhere else.
 */

/** Characters for one `String.fromCharCode` call: far below any runtime's limit on arguments. */
const CHUNK = 8192

/** Bytes as standard base64 with padding. */
export function toBase64(bytes: Uint8Array): string {
  if ('toBase64' in bytes && typeof bytes.toBase64 === 'function') return String(bytes.toBase64())
  let binary = ''
  for (let at = 0; at < bytes.length; at += CHUNK) binary += String.fromCharCode(...bytes.subarray(at, at + CHUNK))
  return btoa(binary)
}

/** The bytes of a base64 text. Throws `SyntaxError` when it is none. */
export function fromBase64(text: string): Uint8Array {
  if ('fromBase64' in Uint8Array && typeof Uint8Array.fromBase64 === 'function') {
    const bytes: unknown = Uint8Array.fromBase64(text)
    if (bytes instanceof Uint8Array) return bytes
  }
  const binary = decodeBinary(text)
  const bytes = new Uint8Array(binary.length)
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at)
  return bytes
}

function decodeBinary(text: string): string {
  try {
    return atob(text)
  } catch (error) {
    throw new SyntaxError('the content of a $bytes is not base64', { cause: error })
  }
}
