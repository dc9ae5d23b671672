import type { Lines } from './record.ts'

/**
 * Two requests changed one session. Three-way merge by top-level key, on the encoded lines: what *we* changed against
 * our base is laid over theirs. Nothing deeper is merged: a deep merge cannot know what a nested change meant.
 */
/** One key that both sides changed, as encoded lines; undefined means absent. */
export interface Clash {
  readonly key: string
  readonly base: string | undefined
  readonly ours: string | undefined
  readonly theirs: string | undefined
}

/** How a clash ended. `deletion`: one side deleted the key, and that always wins. */
export type Winner = 'ours' | 'theirs' | 'deletion' | 'merged'

/** A clash and its end. */
export interface SettledClash extends Clash {
  readonly winner: Winner
}

/** The line to keep for a key that both sides changed and neither deleted; undefined deletes it after all. */
export type SettleClash = (clash: Clash) => string | undefined

/** Lay our changes over theirs. `settle` decides keys that both changed; it may throw to refuse. */
export function mergeLines(
  base: Lines,
  ours: Lines,
  theirs: Lines,
  settle: SettleClash,
): { readonly lines: Map<string, string>; readonly clashes: readonly SettledClash[] } {
  const lines = new Map(theirs)
  const clashes: SettledClash[] = []
  for (const key of new Set([...base.keys(), ...ours.keys()])) {
    const clash: Clash = { key, base: base.get(key), ours: ours.get(key), theirs: theirs.get(key) }
    if (clash.ours === clash.base || clash.ours === clash.theirs) continue
    const settled = clash.theirs === clash.base ? null : settleClash(clash, settle)
    if (settled) clashes.push(settled)
    const line = settled ? settled.line : clash.ours
    if (line === undefined) lines.delete(key)
    else lines.set(key, line)
  }
  return { lines, clashes }
}

function settleClash(clash: Clash, settle: SettleClash): SettledClash & { readonly line: string | undefined } {
  // Deletion beats change whichever commits last: otherwise a slow request that merely refreshed `user` would undo
  // the logout that deleted it.
  if (clash.ours === undefined || clash.theirs === undefined) return { ...clash, winner: 'deletion', line: undefined }
  const line = settle(clash)
  return { ...clash, winner: line === clash.ours ? 'ours' : line === clash.theirs ? 'theirs' : 'merged', line }
}

/** No keys at all. */
export const NO_LINES: Lines = new Map()

/** Whether two encodings hold the same keys with the same values. */
export function sameLines(a: Lines, b: Lines): boolean {
  if (a.size !== b.size) return false
  for (const [key, line] of a) if (b.get(key) !== line) return false
  return true
}

/** The keys whose lines differ. */
export function changedKeys(from: Lines, to: Lines): string[] {
  return [...new Set([...from.keys(), ...to.keys()])].filter((key) => from.get(key) !== to.get(key))
}
