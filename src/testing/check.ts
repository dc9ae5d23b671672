/**
 * The kit's own assertions: it is published, and runs under any test runner or none.
 */
import type { RecordInput, StoredRecord, Version, Written } from '../store.ts'

/** Throws an Error with `message` unless `condition` holds. */
export function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message)
}

/** Throws unless both are the same value (`Object.is`), naming `what` and showing both, long strings shortened. */
export function same(actual: unknown, expected: unknown, what: string): void {
  if (!Object.is(actual, expected))
    throw new Error(`${what}: expected ${show(expected)}, got ${show(actual)}${divergence(actual, expected)}`)
}

/** Throws unless `record` holds exactly what `expected` says: payload, deadline and owner. Returns the record. */
export function sameRecord(record: StoredRecord | null, expected: RecordInput, what: string): StoredRecord {
  if (record === null) throw new Error(`${what}: expected a live record, got null`)
  same(record.payload, expected.payload, `${what}, its payload`)
  same(record.expiresAt, expected.expiresAt, `${what}, its expiresAt`)
  same(record.owner, expected.owner, `${what}, its owner`)
  const type = typeof record.version
  check(type === 'string' || type === 'number', `${what}, its version: expected a string or a number, got ${type}`)
  return record
}

/** The version out of a receipt. Throws when the write was refused. */
export function versionOf(result: Written | 'conflict' | 'gone' | null, what: string): Version {
  if (result === null || typeof result === 'string') throw new Error(`${what}: expected a version, got ${show(result)}`)
  const type = typeof result.version
  check(type === 'string' || type === 'number', `${what}: expected { version }, got a version of type ${type}`)
  return result.version
}

/** True for the receipt of a write that took place. */
export function isWritten(result: Written | 'conflict' | 'gone' | null): result is Written {
  return typeof result === 'object' && result !== null
}

/** A value for a message: strings quoted and shortened. */
export function show(value: unknown): string {
  if (typeof value !== 'string')
    return value !== null && typeof value === 'object' ? JSON.stringify(value) : String(value)
  return value.length <= 60
    ? JSON.stringify(value)
    : `${JSON.stringify(value.slice(0, 60))}… (${value.length} characters)`
}

/** Where two strings part: with a megabyte of payload, the one useful fact. */
function divergence(actual: unknown, expected: unknown): string {
  if (typeof actual !== 'string' || typeof expected !== 'string') return ''
  let at = 0
  while (at < expected.length && actual[at] === expected[at]) at++
  return `; they differ from character ${at} on: expected ${code(expected, at)}, got ${code(actual, at)}`
}

function code(text: string, at: number): string {
  const point = text.codePointAt(at)
  return point === undefined ? 'the end' : `U+${point.toString(16).toUpperCase().padStart(4, '0')}`
}
