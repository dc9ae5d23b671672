/**
 * What may be seen of one session, by all that was asked and answered. An answered request is done; of one that was
 * not, nobody knows whether it was done, is being done by a process that was stopped, or never will be: for a while
 * both must be reckoned with.
 */
import type { PageBody, SoakData } from './app.ts'

/** The deadlines that the servers were told, in milliseconds. */
export interface Deadlines {
  readonly lifetime: number
  readonly absolute: number
  readonly renewGrace: number
  /** How long a request without an answer may still do what it was asked for. */
  readonly doubt: number
}

/** What a change makes of the value of a key, as JSON; undefined is a key that is not there. */
export type Effect = (before: string | undefined) => string | undefined

/** One change of one key. */
export interface Change {
  readonly key: string
  readonly effect: Effect
}

/** One session of a visitor, from its first cookie to its end. */
export interface Life {
  /** Every value in it begins with this, and nothing in any other session does. */
  readonly label: string
  cookie: string
  id: string | undefined
  /** The values each key may have. A key that is absent here is not there. */
  readonly values: Map<string, Set<string | undefined>>
  /** Changes that may still be made. */
  doubts: (Change & { readonly until: number })[]
  /** How often `n` was raised: for certain, and perhaps. */
  counted: number
  perhaps: number
  /** Up to when an unanswered request may still raise it. */
  countDoubtUntil: number
  /** The highest `n` seen. */
  highest: number
  /** It must open up to this time. For ever, until it is said to have been visited. */
  earned: number
  /** The last time at which a request of it may have been at work. */
  lastAt: number
  /** From when its absolute lifetime counts. */
  since: number
  /** Something that was not answered may have ended it, or may do so up to `endDoubtUntil`. */
  mayBeOver: boolean
  endDoubtUntil: number
  /** An unanswered visit may have renewed the ID: the new cookie was lost, and the old one leads on up to `from` only. */
  stranded: { readonly from: number; readonly until: number } | undefined
  /** When it was last seen alive. */
  seenAt: number
  /** What was asked last, and what came of it: for the report of what is wrong. */
  readonly history: string[]
  /** Cookies from before a renewal, which lead on for a while. */
  readonly renewed: { readonly cookie: string; readonly until: number }[]
}

/** The name of the counter, of the nested value, and the plain keys. */
export const COUNTER = 'n'
export const BOX = 'box'
export const OWNER = '@owner'
export const KEYS: readonly string[] = ['a', 'b', 'c', 'd', 'e']

const MOST_ITEMS = 5
const MOST_NOTES = 15
/** Two clocks of one machine, read one after the other. */
const EPSILON = 100

export function set(key: string, value: string): Change {
  const text = JSON.stringify(value)
  return { key, effect: () => text }
}

export function remove(key: string): Change {
  return { key, effect: () => undefined }
}

/** What the page `push` does. */
export function push(value: string): Change {
  return {
    key: BOX,
    effect(before) {
      const items = before === undefined ? [] : (JSON.parse(before) as { items: string[] }).items
      return JSON.stringify({ items: [...items, value].slice(-MOST_ITEMS) })
    },
  }
}

/** A session that has just begun with one change. */
export function begin(label: string, cookie: string, first: Change): Life {
  return {
    label,
    cookie,
    id: undefined,
    values: new Map([[first.key, new Set([first.effect(undefined)])]]),
    doubts: [],
    counted: 0,
    perhaps: 0,
    countDoubtUntil: 0,
    highest: 0,
    earned: Number.POSITIVE_INFINITY,
    lastAt: 0,
    since: 0,
    mayBeOver: false,
    endDoubtUntil: 0,
    stranded: undefined,
    seenAt: 0,
    history: [],
    renewed: [],
  }
}

/** What a key may hold now, with the doubts that have not passed. */
export function possible(life: Life, key: string): ReadonlySet<string | undefined> {
  const values = new Set(life.values.get(key) ?? [undefined])
  for (const { effect } of life.doubts.filter((doubt) => doubt.key === key)) {
    for (const value of Array.from(values)) values.add(effect(value))
  }
  return values
}

/** Changes were made at once: any of them may have been the last, and those in doubt may have been or not. */
export function change(life: Life, sure: readonly Change[], unsure: readonly Change[], doubtUntil: number): void {
  for (const key of new Set([...sure, ...unsure].map((each) => each.key))) {
    const before = life.values.get(key) ?? new Set([undefined])
    const mine = sure.filter((each) => each.key === key)
    // A value that nobody replaced for certain may still be there.
    const after = new Set(mine.length === 0 ? before : [])
    for (const { effect } of mine) for (const value of possible(life, key)) after.add(effect(value))
    life.values.set(key, after)
  }
  life.doubts.push(...unsure.map((each) => ({ ...each, until: doubtUntil })))
}

/**
 * A visit was answered: it has earned the session its deadline. Unless that took so long that the session may have
 * ended between its beginning and its commit, which finds that too late to tell on the page.
 */
export function visited(life: Life, sentAt: number, at: number, limits: Deadlines): void {
  if (at >= life.earned) return
  life.earned = Math.min(sentAt + 0.9 * limits.lifetime, life.since + limits.absolute) - EPSILON
  // A write that is still under way may bring its own, older deadline.
  for (const doubt of life.doubts)
    life.earned = Math.min(life.earned, doubt.until - limits.doubt + 0.9 * limits.lifetime - EPSILON)
}

/** From when on the session does not open any more if nobody asks for it again. */
export function endsBy(life: Life, limits: Deadlines): number {
  const idle = life.lastAt + limits.lifetime
  // A sign-in without an answer may have begun another absolute lifetime.
  const absolute = life.mayBeOver ? Number.POSITIVE_INFINITY : life.since + limits.absolute
  return Math.min(idle, absolute) + EPSILON
}

/** Nothing that was asked and not answered can come to it any more. */
export function isSettled(life: Life, now: number): boolean {
  return Math.max(life.endDoubtUntil, life.countDoubtUntil, ...life.doubts.map(({ until }) => until)) <= now
}

/** Note what came of a request, for {@link Life.history}. */
export function note(life: Life, what: string): void {
  life.history.push(what)
  if (life.history.length > MOST_NOTES) life.history.shift()
}

/** Compare what a page showed. Says what is wrong, in words; afterwards what was seen is what is known. */
export function compare(
  life: Life,
  { data, owner }: PageBody,
  at: number,
  during: { readonly changes: readonly Change[]; readonly counts: number } = { changes: [], counts: 0 },
): string[] {
  const wrong: string[] = []
  const alone = during.changes.length === 0 && during.counts === 0
  for (const key of [...KEYS, BOX, OWNER]) {
    const value = key === OWNER ? owner : data[key]
    const seen = value === undefined ? undefined : JSON.stringify(value)
    const may = new Set(possible(life, key))
    for (const { effect } of during.changes.filter((each) => each.key === key))
      for (const before of Array.from(may)) may.add(effect(before))
    if (!may.has(seen)) wrong.push(`${key} is ${show(seen)}, not ${[...may].map(show).join(' or ')}`)
    if (!alone) continue
    life.values.set(key, new Set([seen]))
  }
  const n = data.n ?? 0
  const most = life.counted + life.perhaps + during.counts
  if (n < Math.max(life.counted, life.highest) || n > most)
    wrong.push(`n is ${n}, not ${Math.max(life.counted, life.highest)} to ${most}`)
  if (alone) {
    life.highest = n
    life.doubts = life.doubts.filter((doubt) => doubt.until > at)
    if (life.countDoubtUntil <= at || wrong.length > 0) {
      life.counted = n
      life.perhaps = 0
    }
  }
  return wrong
}

/** What of this data was put into another session. */
export function strangers(label: string, data: SoakData): string[] {
  const texts = [...KEYS.map((key) => data[key]), ...(data.box?.items ?? [])]
  return texts.flatMap((text) => {
    if (text === undefined) return []
    const shown = typeof text === 'string' ? text : JSON.stringify(text)
    return shown.startsWith(`${label}.`) ? [] : [shown]
  })
}

function show(text: string | undefined): string {
  if (text === undefined) return 'nothing'
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
