/** Requests of one browser at once, over one store: what each does, and the world they do it in. */
import { createHash } from 'node:crypto'
import { createSessions } from '../../src/index.ts'
import type { Clock, Session, SessionsOptions, Store, Version } from '../../src/index.ts'
import { testClock } from '../../src/testing/index.ts'
import type { TestClock } from '../../src/testing/index.ts'
import { startParty, steppedStore } from './parties.ts'
import type { Gate, Party } from './parties.ts'

/** What is kept in the sessions of a race. */
export type Data = Record<string, unknown>

/** What a party may do; all but the last three are requests with the cookie that the browser had at the start. */
export const DEEDS = [
  'open', // a poll that reads
  'visit', // reads, and pushes the deadline
  'write', // a key of its own
  'poll-write', // the same, and no visit
  'write-same', // one key for all
  'delete',
  'update', // counts by update(fn)
  'regenerate',
  'renew', // a visit where IDs are old enough to be renewed; then every visit in the race is one
  'destroy',
  'expire', // time goes by: past the idle deadline, a second time past the absolute one
  'revoke',
  'sweep',
] as const

/** One of them. */
export type Deed = (typeof DEEDS)[number]

/** How a party ended. */
export interface Outcome {
  readonly deed: Deed
  /** When its request began, Unix ms. */
  readonly at: number
  /** What its request found. */
  readonly seen: Readonly<Data>
  /** It found no session, so whatever it wrote is in one of its own. */
  readonly isNew: boolean
  /** The session had ended, as far as it knows; after `revoke`, whether there was one. */
  readonly ended: string | undefined
  readonly cookies: readonly string[]
  readonly error: string | undefined
  /** Keys that events named: as changed by two, and as dropped because the session had ended. */
  readonly conflicts: readonly string[]
  readonly dropped: readonly string[]
}

/** A race under way. */
export interface Race {
  readonly deeds: readonly Deed[]
  readonly parties: readonly Party[]
  /** In the order of the parties; undefined while it runs. */
  readonly outcomes: readonly (Outcome | undefined)[]
  readonly clock: TestClock
  /** Without gates. */
  readonly store: Store
  /** IDs under which something was created, and that of a session of somebody else's. */
  readonly ids: readonly string[]
  readonly stranger: string
  /** Cookies the browser was ever sent, and the one it has now. */
  readonly sent: readonly string[]
  readonly jar: string | undefined
  /** A stored value without what differs between two repetitions of one order. */
  readonly describe: (value: unknown) => string
}

/** All in seconds: the race begins one before the idle deadline, and `expire` takes six. */
export const TIMES = { lifetime: 20, absolute: 30, begin: 19, expire: 6 } as const

const OPTIONS: SessionsOptions = {
  lifetime: `${TIMES.lifetime}s`,
  absoluteLifetime: `${TIMES.absolute}s`,
  // Longer than anything takes here: a call that is late counts as late, not as failed.
  storeTimeout: '60s',
  sweepEvery: false,
  cookie: { secure: false },
}

const RENEWING: SessionsOptions = { renewAfter: '10s', renewGrace: '4s' }

/** How a race differs from one over a new memory store. */
export interface RaceSetting {
  /** Makes IDs unlike those of other races on the same store. */
  readonly salt?: string
  /** The time at its start, Unix ms, for servers that expire records by their own clock. Default: that of the test clock. */
  readonly start?: number
  /** Further handles on the same data: parties take turns on them all. */
  readonly others?: readonly Store[]
}

/** Make the sessions of two visitors, and start a party for each deed. */
export async function startRace(
  store: Store,
  deeds: readonly Deed[],
  { salt = '', start, others = [] }: RaceSetting = {},
): Promise<Race> {
  const clock = testClock(start)
  const options = { ...OPTIONS, clock: atOnce(clock), ...(deeds.includes('renew') && RENEWING) }
  const ids: string[] = []
  const sent: string[] = []
  const outcomes: (Outcome | undefined)[] = deeds.map(() => undefined)
  let jar: string | undefined
  const versions = new Map<Version, string>()
  const writes = new Map<string, number>()
  const handles = [store, ...others].map((each) => watched(each, note))
  const [own = store] = handles

  function note(id: string, version: Version, isNew: boolean): void {
    if (isNew) ids.push(id)
    const count = (writes.get(id) ?? 0) + 1
    writes.set(id, count)
    versions.set(version, `${id}#${count}`)
  }

  function receive(setCookie: readonly string[]): void {
    for (const line of setCookie) {
      jar = /Max-Age=0/i.test(line) ? undefined : line.slice(0, line.indexOf(';'))
      if (jar !== undefined && !sent.includes(jar)) sent.push(jar)
    }
  }

  const before = createSessions<Data>({ ...options, store: own, randomBytes: bytes(`${salt}before`) })
  const [ada, stranger] = [await before.open(NO_COOKIE), await before.open(NO_COOKIE)]
  Object.assign(ada.data, { user: 'ada', same: 'first', count: 0 })
  Object.assign(stranger.data, { user: 'bob' })
  receive((await before.commit(ada)).setCookie)
  await before.commit(stranger)
  const { id } = ada
  const first = jar
  clock.advance(TIMES.begin * 1000)

  async function run(index: number, deed: Deed, gate: Gate): Promise<void> {
    if (deed === 'expire') {
      await gate({ operation: 'time', id: '', now: undefined }, async () => clock.advance(TIMES.expire * 1000))
      outcomes[index] = { ...NOTHING, deed, at: clock.now() }
      return
    }
    const sessions = createSessions<Data>({
      ...options,
      store: steppedStore(handles[index % handles.length] ?? own, gate),
      randomBytes: bytes(`${salt}${index}`),
    })
    const conflicts: string[] = []
    const dropped: string[] = []
    sessions.on('conflict', ({ key }) => conflicts.push(key))
    sessions.on('gone', ({ keys }) => dropped.push(...keys))
    const at = clock.now()
    if (deed === 'sweep' || deed === 'revoke') {
      const ended = deed === 'revoke' ? String(await sessions.revoke(id)) : String(await sessions.sweep())
      outcomes[index] = { ...NOTHING, deed, at, ended }
      return
    }
    const session = await sessions.open({ cookie: first, secure: false, activity: !POLLS.has(deed) })
    const [seen, isNew] = [{ ...session.data }, session.isNew]
    let error: string | undefined
    let cookies: readonly string[] = []
    try {
      await act(deed, session, index)
      cookies = (await sessions.commit(session)).setCookie
    } catch (problem) {
      error = codeOf(problem)
    }
    receive(cookies)
    outcomes[index] = { deed, at, seen, isNew, ended: session.ended, cookies, error, conflicts, dropped }
  }

  const parties: Party[] = []
  const describe = (value: unknown): string => inWords(value, versions)
  for (const [index, deed] of deeds.entries())
    parties.push(await startParty((gate) => run(index, deed, gate), describe))
  return {
    deeds,
    parties,
    outcomes,
    clock,
    store,
    ids,
    stranger: stranger.id,
    sent,
    describe,
    get jar() {
      return jar
    },
  }
}

const NO_COOKIE = { cookie: undefined, secure: false } as const

const POLLS: ReadonlySet<Deed> = new Set(['open', 'poll-write'])

const NOTHING = { seen: {}, isNew: false, ended: undefined, cookies: [], error: undefined, conflicts: [], dropped: [] }

async function act(deed: Deed, session: Session<Data>, index: number): Promise<void> {
  if (deed === 'write' || deed === 'poll-write') session.data[`own${index}`] = index
  else if (deed === 'write-same') session.data['same'] = index
  else if (deed === 'delete') delete session.data['same']
  else if (deed === 'update') await session.update((data) => void (data['count'] = Number(data['count'] ?? 0) + 1))
  else if (deed === 'regenerate') await session.regenerate({ keep: true })
  else if (deed === 'destroy') await session.destroy()
}

function codeOf(problem: unknown): string {
  return problem instanceof Error && 'code' in problem ? String(problem.code) : String(problem)
}

/** A clock whose pauses are over at once: who goes on is decided at the gates. */
function atOnce(clock: TestClock): Clock {
  return { ...clock, sleep: async () => {} }
}

/** The same store, with `wrote` told of every version it makes. */
function watched(store: Store, wrote: (id: string, version: Version, isNew: boolean) => void): Store {
  return {
    read: (id, now) => store.read(id, now),
    async create(id, record, now) {
      const receipt = await store.create(id, record, now)
      if (receipt) wrote(id, receipt.version, true)
      return receipt
    },
    async update(id, expected, record, now) {
      const receipt = await store.update(id, expected, record, now)
      if (typeof receipt === 'object') wrote(id, receipt.version, false)
      return receipt
    },
    touch: (id, expiresAt, now) => store.touch(id, expiresAt, now),
    delete: (id) => store.delete(id),
    ...(store.sweep && {
      sweep: async (now, limit) => (await store.sweep?.(now, limit)) ?? { removed: 0, more: false },
    }),
  }
}

/** The same tokens in every repetition of a race. */
function bytes(seed: string): () => Uint8Array {
  let count = 0
  return () =>
    createHash('sha256')
      .update(`${seed} ${(count += 1)}`)
      .digest()
}

/** What a store answered, without what differs between two repetitions of one order: its versions, and random seals. */
function inWords(value: unknown, versions: ReadonlyMap<Version, string>): string {
  const text = JSON.stringify(value, (key: string, part: unknown) =>
    key === 'version' && (typeof part === 'string' || typeof part === 'number') ? versions.get(part) : part,
  )
  return (text ?? 'undefined').replaceAll(/\\"sealed\\":\\"[^"]*\\"/g, '')
}
