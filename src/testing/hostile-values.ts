/**
 * Owners that are each a different string, though a careless query, collation, pattern or path takes some for others.
 */
export function hostileOwners(): readonly string[] {
  const long = 'x'.repeat(199)
  // prettier-ignore
  const short = [
    'ada', 'Ada', 'ADA', 'ada ', ' ada', 'ada\t', 'adA', 'ad', 'adaa', '%', '_', 'a%', 'a_a', '*', 'a*', '?', '[a]',
    "'", "' OR ''='", '"', '`', '\\', "\\'", '$1', ':id', '{}', '{ada}', '..', '../ada', '/', 'a/b', 'a:b', 'a::b',
    'a\nb', 'a\r\nb', '\u2028', '\u0001', '\u007f', '0', '00', 'null', 'undefined', '__proto__', 'constructor',
    // Composed and decomposed, full width, Turkish and German letters, astral, right to left, invisible.
    'é', 'e\u0301', 'e', 'ａｄａ', 'ı', 'i', 'I', 'İ', 'ß', 'ss', '😀', '😁', 'עדה', '\ufeffada', 'ada\u200b',
  ]
  return [...short, `${long}1`, `${long}2`, 'ü'.repeat(200), `${'ü'.repeat(199)}u`]
}

/** Payloads by what is special about them, that careless storage cuts, trims, converts or re-encodes. */
export function hostilePayloads(): Readonly<Record<string, string>> {
  return {
    'the empty string': '',
    'one space, and white space at both ends': ' \t\r\n  x  \n\r\t ',
    'quotes, backslashes and what queries are made of': '\'"`\\ \\0 \\n \\u0000 $1 ? :id %s %00 -- /* */ ; DROP TABLE',
    'line ends of every kind': 'a\nb\r\nc\rd\u0085e\u2028f\u2029g\n\n',
    'protocol words and separators': 'END\r\nSTORED\r\n$5\r\n*3\r\nVA 2\r\n\u001f\u001e\u001d\u001c',
    'looks like a number, JSON or a date': '00012345678901234567890.10e5',
    'astral characters, joiners and combining marks': '😀👩‍👩‍👧‍👦🏳️‍🌈 e\u0301 é 𝒳 \u{10ffff}\u{1f1eb}\u{1f1f7}',
    'a byte order mark at the start': '\ufefftext',
    'right-to-left text and its control characters': 'שלום \u202eabc\u202c مرحبا',
    'every control character but NUL': range(0x01, 0x20) + range(0x7f, 0xa0),
    'every character of the basic plane but NUL and surrogates': range(0x01, 0xd800) + range(0xe000, 0x10000),
    'a sample of every other plane': range(0x10000, 0x110000, 97),
    'sixty-six thousand bytes, more than a 64 KiB column holds': lettersOf(66_000),
  }
}

/** Every `step`-th character from code point `from` up to but not including `to`. */
function range(from: number, to: number, step = 1): string {
  let text = ''
  for (let point = from; point < to; point += step) text += String.fromCodePoint(point)
  return text
}

/** A string of `length` ASCII letters without a short period, so that a lost or doubled block shows. */
export function lettersOf(length: number): string {
  let text = ''
  for (let block = 0; text.length < length; block++) text += `${block.toString(36)}-abcdefghijklmnopqrstuvwxyz`
  return text.slice(0, length)
}
