/**
 * What becomes of a session, seen from outside: the cookie as a browser is told it, the record as the server's own tool
 * shows it. Short lifetimes are watched to their end in real time; for the default ones the deadline is read, and the
 * application's clock is put there.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { createSessions } from 'coatcheck'
import type { Store } from 'coatcheck'
import { cookieStore } from 'coatcheck/stores/cookie'
import { nullStore } from 'coatcheck/stores/null'
import { until } from '../servers/processes.ts'
import { observedStores } from './stores.ts'
import type { ObservedStore, Seen } from './stores.ts'
import { logIn, logOut, look, settings, SHORT_MS, store, sweepAt, visitorOf } from './visitors.ts'
import type { Setting, Visit, Visitor } from './visitors.ts'

/** What one visitor saw and left, in words that hold for every run. */
export interface Story {
  readonly setting: Setting
  readonly visitor: string
  readonly cookie: string
  readonly deadline: string
  readonly next: string
  /** When the bytes are gone. */
  readonly gone: string
  /** How that was found out. */
  readonly how: string
}

/** All stories of one store. */
export interface Observation {
  readonly store: string
  readonly stories: readonly Story[]
}

/** Watch every store at once. */
export async function observeAll(): Promise<Observation[]> {
  const kept = Object.entries(observedStores).map(async ([name, open]) => {
    const observed = await open()
    try {
      return { store: name, stories: await observeRecords(observed) }
    } finally {
      await observed.store.close?.()
      await observed.stop()
    }
  })
  // Signed, so that anybody can read the deadline inside; encrypted it is the same text, unreadable.
  const signed = cookieStore({ keys: [crypto.getRandomValues(new Uint8Array(32))], encrypt: false })
  const others = [observeWithout('cookie', signed), observeWithout('null', nullStore())]
  const results = await Promise.allSettled([...kept, ...others])
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason
    return result.value
  })
}

/** A visitor on their way, and the words so far. */
interface Course extends Plot {
  readonly setting: Setting
  readonly visitor: Visitor
  readonly first: Visit
  readonly firstCookie: string | undefined
  readonly start: number
  /** The visit that the row is about. */
  told: Visit
  /** When it was, by the application's clock. */
  at: number
  /** Whether the record of a session that has ended was still there when its response left. */
  left: boolean
}

interface Plot {
  readonly name: string
  /** What the visitor does after the first visit, and when: a share of the lifetime. */
  readonly next?: { readonly after: number; readonly act: (visitor: Visitor, at: number) => Promise<Visit> }
  /** Whether that is the end of the session. */
  readonly ends?: true
}

const plots: readonly Plot[] = [
  { name: 'comes once, then stays away' },
  {
    name: 'comes back within a tenth of the lifetime',
    next: { after: 0.05, act: (visitor, at) => visitor.visit(at, look) },
  },
  { name: 'comes back later', next: { after: 0.5, act: (visitor, at) => visitor.visit(at, look) } },
  {
    name: 'deletes the cookie and comes back',
    next: {
      after: 0.5,
      act(visitor, at) {
        visitor.deleteCookie()
        return visitor.visit(at, store)
      },
    },
  },
  { name: 'logs in (`regenerate`)', next: { after: 0.5, act: (visitor, at) => visitor.visit(at, logIn) } },
  { name: 'logs out (`destroy`)', next: { after: 0.5, act: (visitor, at) => visitor.visit(at, logOut) }, ends: true },
]

/** The first visit of everybody, then what they do next; short lifetimes wait for it. */
async function setOut(to: Store, see?: ObservedStore['see']): Promise<Course[]> {
  const courses: Course[] = []
  const start = Date.now()
  for (const setting of settings) {
    for (const plot of plots) {
      const visitor = visitorOf(to, setting)
      const first = await visitor.visit(start, store)
      courses.push({
        ...plot,
        setting,
        visitor,
        first,
        firstCookie: visitor.cookie,
        start,
        told: first,
        at: start,
        left: false,
      })
    }
  }
  for (const course of courses.toSorted((a, b) => momentOf(a) - momentOf(b))) {
    const { next, visitor } = course
    if (next === undefined) continue
    course.at = momentOf(course)
    if (course.setting.ms === SHORT_MS) await untilRealTime(course.at)
    course.told = await next.act(visitor, course.at)
    if (course.ends && see) course.left = (await see([course.first.id])).has(course.first.id)
  }
  return courses
}

function momentOf({ next, setting, start }: Course): number {
  return start + Math.round(setting.ms * (next?.after ?? 0))
}

async function observeRecords({ store: to, see }: ObservedStore): Promise<Story[]> {
  // Who comes back after the deadline may change what is there, so the records that are watched are other ones.
  const courses = await setOut(to, see)
  const returning = await setOut(to)
  const watched = new Set(idsOf(courses))
  const ids = [...watched, ...idsOf(returning)]
  const seen = await see(ids)
  await untilRealTime(Math.max(...returning.map(({ setting, at }) => (setting.ms === SHORT_MS ? at + SHORT_MS : 0))))
  const nexts: string[] = []
  for (const course of returning) nexts.push(await nextId(course, seen.get(course.told.id)?.deadline))
  const asked = await see(ids)
  const fates = await watch(to, () => see(ids), new Map([...seen].filter(([id]) => watched.has(id))))
  return courses.map((course, n) => {
    const { first, told, left } = course
    const next = nexts[n] ?? ''
    const ended: Fate = { gone: left ? 'after the response' : 'before the response leaves', how: 'watched' }
    const gone = [first.id, told.id].map((id) => fates.get(id) ?? ended)
    const again = returning[n]?.told.id ?? ''
    const lazily = seen.has(again) && !asked.has(again) ? ', or when its cookie comes after it' : ''
    return {
      ...storyOf(course, deadlines(course, seen), next),
      gone: `${unique(gone.map((fate) => fate.gone))}${lazily}`,
      how: unique(gone.map((fate) => fate.how)),
    }
  })
}

function idsOf(courses: readonly Course[]): string[] {
  return courses.flatMap(({ first, told }) => [first.id, told.id])
}

function unique(words: readonly string[]): string {
  return [...new Set(words)].join('; ')
}

function storyOf({ setting, name, told, at }: Course, deadline: string, next: string): Omit<Story, 'gone' | 'how'> {
  return { setting, visitor: name, cookie: cookieWords(told, setting, at), deadline, next }
}

function cookieWords({ setCookie, failure }: Visit, { ms }: Setting, at: number): string {
  if (failure !== undefined) return `none: the response is the error \`${failure}\``
  if (setCookie === undefined) return 'nothing is sent'
  const [, age] = /Max-Age=(\d+)/.exec(setCookie) ?? []
  const [, expires] = /Expires=([^;]+)/.exec(setCookie) ?? []
  if (age === '0') return 'it is deleted'
  if (age === undefined) return expires === undefined ? 'it ends with the browser' : `until ${expires}`
  // An HTTP date has whole seconds.
  const agrees = Math.floor((at + ms) / 1000) * 1000 === Date.parse(expires ?? '')
  return Number(age) * 1000 === ms && agrees ? '`Max-Age`: one lifetime' : setCookie
}

const NONE = 'no record'

function deadlines({ first, told, setting, start, at }: Course, seen: ReadonlyMap<string, Seen>): string {
  const words = (id: string): string => {
    const deadline = seen.get(id)?.deadline
    if (deadline === undefined) return NONE
    if (deadline === start + setting.ms) return 'first visit + lifetime'
    if (deadline === at + setting.ms) return 'this visit + lifetime'
    if (deadline === at + 60_000) return 'this visit + 60 s, emptied'
    return `first visit + ${deadline - start} ms`
  }
  if (first.id === told.id || !seen.size) return words(first.id)
  return `new ID: ${words(told.id)}; old ID: ${words(first.id)}`
}

/** What the same browser gets when it comes with its cookie, until the deadline and from it on. */
async function nextId(course: Course, deadline: number | undefined): Promise<string> {
  const { visitor, told, at, first, firstCookie, ends } = course
  if (first.failure !== undefined) return 'none'
  const known = (visit: Visit): string => {
    if (visit.id === told.id) return visit.empty ? 'the same, emptied' : 'the same'
    return visit.id !== first.id && visit.empty ? 'a new one' : 'an older one'
  }
  const parts: string[] = []
  if (ends || deadline === undefined) {
    parts.push(known(await visitor.visit(at, store)))
  } else {
    const { cookie } = visitor
    parts.push(`${known(await visitor.peek(deadline - 1, cookie))} until the deadline`)
    parts.push(`${known(await visitor.peek(deadline, cookie, store))} from then on`)
  }
  if (told.id !== first.id || ends) {
    const before = await visitor.peek(at, firstCookie)
    const opens = before.id === first.id && !before.empty
    parts.push(opens ? '**a copy of the old cookie opens the old session**' : 'the old cookie opens nothing')
  }
  return parts.join('; ')
}

interface Fate {
  readonly gone: string
  readonly how: string
}

/** How each record that is there now comes to be gone. Nobody visits meanwhile; the short ones are past their end. */
async function watch(
  from: Store,
  see: () => Promise<ReadonlyMap<string, Seen>>,
  there: ReadonlyMap<string, Seen>,
): Promise<Map<string, Fate>> {
  const fates = new Map<string, Fate>()
  if (from.sweep) {
    const short = [...there].filter(([, { deadline }]) => deadline < Date.now())
    const unswept = await see()
    await untilSwept(from, async () => {
      const left = await see()
      return !short.some(([id]) => left.has(id))
    })
    for (const [id] of short) {
      fates.set(id, { gone: unswept.has(id) ? BY_SWEEP : 'by itself', how: `${SHORT_MS / 1000} s: watched` })
    }
  }
  const rest = [...there].filter(([id]) => !fates.has(id))
  for (const deadline of new Set(rest.map(([, seen]) => seen.deadline).toSorted((a, b) => a - b))) {
    await sweepAt(from, deadline - 1)
    const before = await see()
    await sweepAt(from, deadline)
    const after = await see()
    for (const [id, { lapses, ...seen }] of rest) {
      if (seen.deadline === deadline) fates.set(id, fateOf(before.has(id), after.has(id), deadline, lapses))
    }
  }
  return fates
}

const BY_SWEEP = 'with the first sweep from its deadline on, never without one'
const BY_SERVER = '60 s after its deadline, by the server itself'

/** Memcached rounds up to whole seconds, and reads its clock once a second, later where the machine is busy. */
const TOLERANCE_MS = 5000

function fateOf(before: boolean, after: boolean, deadline: number, lapses: number | undefined): Fate {
  if (!before) return { gone: 'before its deadline', how: 'watched' }
  if (!after) return { gone: BY_SWEEP, how: '1 d, 31 d: the deadline was read, and the clock put there' }
  if (lapses === undefined) return { gone: 'never', how: 'watched' }
  const late = lapses - deadline
  const how = 'its time to live was read'
  return { gone: Math.abs(late - 60_000) < TOLERANCE_MS ? BY_SERVER : `${late} ms after its deadline`, how }
}

/** A process that nobody visits any more: its timer alone does it. */
async function untilSwept(from: Store, done: () => Promise<boolean>): Promise<void> {
  const lent = { ...from, close: async () => {} }
  const idle = createSessions({ store: lent, sweepEvery: '100ms', cookie: { secure: false } })
  await idle.open({ cookie: undefined, secure: false })
  try {
    await until('the sweep of an idle process', done)
  } finally {
    await idle.close()
  }
}

/** Where the server keeps nothing: what is to be known is in the cookie, or nowhere. */
async function observeWithout(name: string, to: Store): Promise<Observation> {
  const courses = await setOut(to)
  const stories: Story[] = []
  for (const course of courses) {
    const { first, told, firstCookie, visitor } = course
    const seen = new Map<string, Seen>()
    for (const [{ id }, cookie] of [
      [first, firstCookie],
      [told, visitor.cookie],
    ] as const) {
      const deadline = deadlineInside(cookie)
      if (deadline !== undefined) seen.set(id, { deadline })
    }
    const deadline = deadlines(course, seen)
    const next = await nextId(course, seen.get(told.id)?.deadline)
    stories.push({ ...storyOf(course, deadline, next), gone: 'nothing is kept on the server', how: 'by what it is' })
  }
  return { store: name, stories }
}

/** The front of a signed cookie, decoded by hand: `["TOKEN",DEADLINE]`. */
function deadlineInside(cookie: string | undefined): number | undefined {
  const [, payload = ''] = cookie?.split('.') ?? []
  const [, deadline] = /^\["[^"]+",(\d+)/.exec(Buffer.from(payload, 'base64url').toString()) ?? []
  return deadline === undefined ? undefined : Number(deadline)
}

async function untilRealTime(moment: number): Promise<void> {
  for (let left = moment - Date.now(); left > 0; left = moment - Date.now()) await delay(left)
}
