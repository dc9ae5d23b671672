/** What a fuzzer draws: numbers, picks and hostile pieces of text, all of it by a seed. */
/* oxlint-disable unicorn/no-useless-spread -- several words to a line: a list of one each would be all there is to see */
import { seeded } from '../proof/seed.ts'

/** A source of chance that can be repeated. */
export interface Chance {
  /** A whole number from 0 up to, not including, `limit`. */
  below(limit: number): number
  pick<One>(of: readonly [One, ...One[]]): One
  /** One of a list that may be empty; then `otherwise`. */
  any<One>(of: readonly One[], otherwise: One): One
  /** True as often as `share` says, from 0 to 1. */
  is(share: number): boolean
}

/** The same draws for the same seed. */
export function chance(seed: number): Chance {
  const random = seeded(seed)
  const below = (limit: number): number => Math.floor(random() * limit)
  return {
    below,
    pick: (of) => of[below(of.length)] ?? of[0],
    any: (of, otherwise) => of[below(of.length)] ?? otherwise,
    is: (share) => random() < share,
  }
}

/** Characters that parsers treat specially, or that only look like those they do. */
export const CHARACTERS: readonly [string, ...string[]] = [
  ...[
    '\0',
    '\t',
    '\n',
    '\r',
    ' ',
    '"',
    "'",
    '\\',
    '/',
    ';',
    ',',
    '=',
    ':',
    '?',
    '&',
    '#',
    '%',
    '@',
    '+',
    '-',
    '.',
    '_',
  ],
  ...['$', '{', '}', '[', ']', '(', ')', '<', '>', '|', '`', '~', '*', '0', '1', '9', 'a', 'Z', '\u007f', '\u0080'],
  ...['\u00a0', '\u00ff', '\u0130', '\u212a', '\u2028', '\ufeff', '\ufffd', '\ud800', '\udc00', '😀', 'e\u0301'],
] as [string, ...string[]]

/** Keys that mean something to JavaScript, or to us. */
export const KEYS: readonly [string, ...string[]] = [
  ...['__proto__', 'constructor', 'prototype', 'toString', 'valueOf', 'hasOwnProperty', 'toJSON', 'then', 'length'],
  ...['', '0', '-1', '$date', '$map', '$literal', '$unknown', '$', '_flashes', 'a', 'user', 'é', '\ud800', '\0', '\n'],
] as [string, ...string[]]

/** Numbers at which something ends, as they are written. */
export const NUMBERS: readonly [string, ...string[]] = [
  ...['0', '-0', '1', '-1', '0.5', '1e-7', '2147483647', '2147483648', '4294967296', '9007199254740991', '00', '1e308'],
  ...['9007199254740993', '8640000000000000', '8640000000000001', '1e21', '1e999', '-1e999', 'NaN', 'Infinity', '0x10'],
] as [string, ...string[]]
