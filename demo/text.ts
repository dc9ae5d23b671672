/** Why bytes cannot be shown as lines of text. */
export type TextProblem = 'empty' | 'utf16' | 'binary' | 'not_utf8'

/** Read bytes as UTF-8 text, without its byte order mark; or say why they are none. Line ends stay as they are. */
export function readText(bytes: Uint8Array): { readonly text: string } | { readonly problem: TextProblem } {
  // UTF-16 is full of NUL bytes, but what its writer needs to hear is not "binary".
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) return { problem: 'utf16' }
  if (bytes.includes(0)) return { problem: 'binary' }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return text === '' ? { problem: 'empty' } : { text }
  } catch {
    return { problem: 'not_utf8' }
  }
}

/** The lines of a text without their ends: LF, CRLF or CR, mixed as they come. A last end opens no further line. */
export function linesOf(text: string): string[] {
  const lines = text.split(/\r\n|\r|\n/)
  if (lines.at(-1) === '') lines.pop()
  return lines
}
