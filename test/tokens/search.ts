/**
 * Many needles in a large haystack, in one pass.
 *
 * The haystack is looked at in steps of eight bytes, each step as a whole. Wherever a needle lies, it covers one of
 * these steps, so each needle is filed under all eight of its beginnings, and what is filed is compared byte for byte.
 */
import type { Needle } from './needles.ts'

/** Bytes of a step, which are two numbers of 32 bits. */
const STEP = 8
/** No needle is shorter, or it could lie between two steps. */
const LEAST = 2 * STEP - 1
/** A page of nothing: half of what databases write ahead is that, and comparing is many times faster. */
const ZEROS = Buffer.alloc(4096)

/** 2 MB of them. */
const FILTER_BITS = 24

/** Where something was found. */
export interface Find {
  readonly name: string
  readonly at: number
}

/** A search for all of `needles`; what it returns can be used for any number of haystacks. */
export function searchFor(needles: readonly Needle[]): (haystack: Uint8Array) => Find[] {
  const filed = new Map<number, { readonly needle: Needle; readonly begin: number }[]>()
  // Most steps are begun by none: a bit for each hash says so without a look into the map.
  const filter = new Uint8Array(2 ** (FILTER_BITS - 3))
  for (const needle of needles) {
    if (needle.bytes.length < LEAST) throw new Error(`${needle.name} is shorter than ${LEAST} bytes`)
    for (let begin = 0; begin < STEP; begin += 1) {
      const hash = hashOf(needle.bytes.readInt32LE(begin), needle.bytes.readInt32LE(begin + 4))
      const bit = hash >>> (32 - FILTER_BITS)
      filter[bit >>> 3] = (filter[bit >>> 3] ?? 0) | (1 << (bit & 7))
      const there = filed.get(hash)
      if (there) there.push({ needle, begin })
      else filed.set(hash, [{ needle, begin }])
    }
  }

  return (haystack) => {
    // Copied, because numbers of 32 bits are read from an aligned buffer alone.
    const hay = Buffer.from(new ArrayBuffer(Math.ceil(haystack.length / STEP) * STEP))
    hay.set(haystack)
    const words = new Int32Array(hay.buffer)
    const finds: Find[] = []
    for (let word = 0; word < words.length; word += 2) {
      const at = word * 4
      if (at % ZEROS.length === 0 && words[word] === 0 && ZEROS.equals(hay.subarray(at, at + ZEROS.length))) {
        word += ZEROS.length / 4 - 2
        continue
      }
      const hash = hashOf(words[word] ?? 0, words[word + 1] ?? 0)
      const bit = hash >>> (32 - FILTER_BITS)
      if (((filter[bit >>> 3] ?? 0) & (1 << (bit & 7))) === 0) continue
      for (const { needle, begin } of filed.get(hash) ?? [])
        if (at >= begin && needle.bytes.equals(hay.subarray(at - begin, at - begin + needle.bytes.length)))
          finds.push({ name: needle.name, at: at - begin })
    }
    return finds
  }
}

function hashOf(low: number, high: number): number {
  const mixed = Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b)
  return Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d)
}
