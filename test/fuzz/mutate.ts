/** New inputs out of old ones: as text, character by character, and as JSON, value by value. */
import { CHARACTERS, KEYS, NUMBERS } from './chance.ts'
import type { Chance } from './chance.ts'

/** What a mutation may take from. */
export interface Material {
  /** Words of the format. */
  readonly words: readonly string[]
  /** Another input, to take a piece of. */
  readonly other: string
}

/** No input grows beyond this by mutation; what larger ones cost is measured by `growth.ts`. */
const LONGEST = 20_000

/** The text with one to eight changes. */
export function mutateText(text: string, chance: Chance, material: Material): string {
  let result = text
  // Cut after each: a few repetitions of repetitions are more than a string can hold.
  do result = changeText(result, chance, material).slice(0, LONGEST)
  while (chance.is(0.5))
  return result
}

function changeText(text: string, chance: Chance, { words, other }: Material): string {
  const at = chance.below(text.length + 1)
  const span = chance.is(0.8) ? chance.below(8) : chance.below(text.length + 1)
  const [before, piece, after] = [text.slice(0, at), text.slice(at, at + span), text.slice(at + span)]
  switch (chance.below(12)) {
    case 0:
      return before + after
    case 1:
      return before
    case 2:
      return before + piece + piece + after
    case 3:
      return before + chance.pick(CHARACTERS) + text.slice(at)
    case 4:
      return before + chance.pick(CHARACTERS) + text.slice(at + 1)
    case 5:
      return before + chance.any(words, '') + text.slice(at)
    case 6:
      return before + chance.any(words, '') + after
    case 7:
      return before + other.slice(chance.below(other.length + 1)) + (chance.is(0.5) ? after : '')
    case 8:
      return replaceNumber(text, chance)
    case 9:
      return before + (piece || chance.pick(CHARACTERS)).repeat(1 + chance.below(300)) + after
    case 10:
      return before + (chance.is(0.5) ? piece.toUpperCase() : piece.toLowerCase()) + after
    default:
      return before + String.fromCharCode(chance.below(chance.is(0.7) ? 256 : 65_536)) + text.slice(at + 1)
  }
}

function replaceNumber(text: string, chance: Chance): string {
  const numbers = [...text.matchAll(/-?\d+(?:\.\d+)?/g)]
  const found = chance.any(numbers, undefined)
  if (!found) return text + chance.pick(NUMBERS)
  return text.slice(0, found.index) + chance.pick(NUMBERS) + text.slice(found.index + found[0].length)
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/** The JSON with one to eight changes of its values; any other text as text. Now and then the JSON as text, too. */
export function mutateJson(text: string, chance: Chance, material: Material): string {
  const parsed = chance.is(0.93) ? parseJson(text) : undefined
  if (parsed === undefined) return mutateText(text, chance, material)
  let { value } = parsed
  do value = changeJson(value, chance, material)
  while (chance.is(0.5))
  const result = written(value)
  return result !== undefined && result.length <= LONGEST ? result : text
}

/** Undefined for what is nested so deep that it cannot be written. */
function written(value: Json): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}

function changeJson(value: Json, chance: Chance, material: Material): Json {
  if (typeof value === 'object' && value !== null && chance.is(0.8)) {
    return Array.isArray(value) ? changeItems(value, chance, material) : changeFields(value, chance, material)
  }
  if (typeof value === 'string' && chance.is(0.6)) return mutateText(value, chance, material)
  return newJson(chance, material, 0, value)
}

function changeItems(items: readonly Json[], chance: Chance, material: Material): Json[] {
  const result = [...items]
  const at = chance.below(items.length + 1)
  const item = result[at]
  if (item === undefined || chance.is(0.15)) result.splice(at, 0, newJson(chance, material, 0, [...items]))
  else if (chance.is(0.12)) result.splice(at, 1)
  else result[at] = changeJson(item, chance, material)
  return result
}

function changeFields(fields: Readonly<Record<string, Json>>, chance: Chance, material: Material): Json {
  const entries = Object.entries(fields)
  const at = chance.below(entries.length + 1)
  const [key, field] = entries[at] ?? []
  if (key === undefined || field === undefined || chance.is(0.15))
    entries.push([newKey(chance, material), newJson(chance, material, 0, fields)])
  else if (chance.is(0.1)) entries.splice(at, 1)
  else entries[at] = chance.is(0.1) ? [newKey(chance, material), field] : [key, changeJson(field, chance, material)]
  // Defines each key, `__proto__` as well.
  return Object.fromEntries(entries)
}

function newKey(chance: Chance, { words }: Material): string {
  return chance.is(0.5) ? chance.any(words, 'a') : chance.pick(KEYS)
}

function newJson(chance: Chance, material: Material, depth: number, old: Json): Json {
  switch (chance.below(depth > 3 ? 6 : 10)) {
    case 0:
      return null
    case 1:
      return chance.is(0.5)
    case 2:
      return Number(chance.pick(NUMBERS)) || chance.below(1000)
    case 3:
    case 4:
      return chance.any(material.words, '')
    case 5:
      return chance.is(0.5) ? chance.pick(KEYS) : chance.pick(CHARACTERS)
    case 6:
      return Array.from({ length: chance.below(4) }, () => newJson(chance, material, depth + 1, old))
    case 7:
      return { [newKey(chance, material)]: newJson(chance, material, depth + 1, old) }
    case 8:
      return parseJson(material.other)?.value ?? material.other
    default:
      return nested(old, chance)
  }
}

/** The value inside many containers: what recurses without a bound falls over here. */
function nested(value: Json, chance: Chance): Json {
  let result = value
  const key = chance.pick(KEYS)
  const asArray = chance.is(0.5)
  for (let left = chance.is(0.2) ? 1 + chance.below(3000) : 1 + chance.below(6); left > 0; left -= 1)
    result = asArray ? [result] : { [key]: result }
  return result
}

function parseJson(text: string): { readonly value: Json } | undefined {
  try {
    const value: Json = JSON.parse(text)
    return { value }
  } catch {
    return undefined
  }
}
