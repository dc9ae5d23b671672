/** How a token could look where it must not be. */

/** What to look for, and how to call it when it is found. */
export interface Needle {
  readonly bytes: Buffer
  /** Never the token itself: whoever reads the report must not be able to use it. */
  readonly name: string
}

/**
 * The spellings of a token, given as the bytes that were drawn. Each half is looked for by itself, so that a token that
 * was cut short is found, too; 16 random bytes turn up nowhere by chance.
 */
export function needlesOf(drawn: Uint8Array, label: string): Needle[] {
  const bytes = Buffer.from(drawn)
  const token = bytes.toString('base64url')
  const [middle, cut] = [bytes.length / 2, Math.floor(token.length / 2)]
  const halves = [
    { half: 'first half', raw: bytes.subarray(0, middle), text: token.slice(0, cut) },
    { half: 'second half', raw: bytes.subarray(middle), text: token.slice(cut) },
  ]
  return halves.flatMap(({ half, raw, text }) => {
    const spelt = { ...spellings(raw, 'of its bytes'), ...spellings(Buffer.from(text), 'of its text') }
    const forms = { ...spelt, 'as UTF-16': Buffer.from(text, 'utf16le'), ...numbers(raw) }
    return Object.entries(forms).map(([form, found]) => ({
      bytes: Buffer.from(found),
      name: `${label}, its ${half}, ${form}`,
    }))
  })
}

/** Bytes raw, hex, percent-encoded, and in base64 of both alphabets wherever in a longer text they begin. */
function spellings(bytes: Buffer, of: string): Record<string, Buffer | string> {
  const hex = bytes.toString('hex')
  const percent = hex.replaceAll(/../g, '%$&')
  return {
    [`raw ${of}`]: bytes,
    [`hex ${of}`]: hex,
    [`HEX ${of}`]: hex.toUpperCase(),
    [`percent-encoded ${of}`]: percent,
    [`PERCENT-encoded ${of}`]: percent.toUpperCase(),
    ...Object.fromEntries(
      [0, 1, 2].flatMap((offset) => [
        [`base64 ${of}, ${offset} bytes in`, core(bytes, offset, 'base64')],
        [`base64url ${of}, ${offset} bytes in`, core(bytes, offset, 'base64url')],
      ]),
    ),
  }
}

/** The characters that depend on `bytes` alone when `offset` others (modulo 3) come before them. */
function core(bytes: Buffer, offset: number, encoding: 'base64' | 'base64url'): string {
  const text = Buffer.concat([Buffer.alloc(offset), bytes, Buffer.alloc(2)]).toString(encoding)
  return text.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6))
}

/** As JSON and `console.log` show bytes. */
function numbers(bytes: Buffer): Record<string, string> {
  return { 'as numbers': bytes.join(','), 'as numbers with spaces': bytes.join(', ') }
}
