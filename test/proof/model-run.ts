/** Random requests of several visitors, held against `model.ts` with fast-check: what differs is shrunk and printed. */
import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { createSessions, login, logout } from '../../src/index.ts'
import type { Session, Sessions, Store } from '../../src/index.ts'
import { testClock } from '../../src/testing/index.ts'
import type { TestClock } from '../../src/testing/index.ts'
import { ask, behind, endAll, isLive, MODEL_TIMES, newModel } from './model.ts'
import type { Act, Asked, Model } from './model.ts'

type Data = Record<string, number>

/** The real thing: two processes, some browsers. */
interface Real {
  readonly processes: readonly Sessions<Data>[]
  readonly clock: TestClock
  readonly jars: { now: string | undefined; before: string | undefined }[]
  /** Makes owners unlike those of other runs on the same store. */
  readonly salt: string
  requests: number
}

const VISITORS = 2
const OWNERS = ['ann', 'ben'] as const

class Request implements fc.AsyncCommand<Model, Real> {
  readonly asked: Asked

  constructor(asked: Asked) {
    this.asked = asked
  }

  check(): boolean {
    return true
  }

  async run(model: Model, real: Real): Promise<void> {
    const { visitor: index, stale, activity, failed, acts } = this.asked
    const jar = real.jars[index]
    const modelled = model.visitors[index]
    if (!jar || !modelled) throw new Error(`no visitor ${index}`)
    const sessions = processOf(real)
    // Who comes with a cookie that leads nowhere only looks: what it could begin is the same as without a cookie.
    const onlyLooks = stale && behind(model, modelled.before) === undefined
    const session = await sessions.open({ cookie: stale ? jar.before : jar.now, secure: false, activity })
    const seen = { ...session.data }
    if (!onlyLooks) for (const act of acts) if (session.ended === undefined) await perform(act, session, real.salt)
    const { setCookie } = await sessions.commit(session, { failed })
    for (const line of setCookie) {
      const sent = /Max-Age=0;/i.test(line) ? undefined : line.slice(0, line.indexOf(';'))
      if (sent !== jar.now) Object.assign(jar, { before: jar.now, now: sent })
    }
    assert.deepEqual(seen, { ...ask(model, this.asked) }, 'what the request found')
    await sameForAll(model, real)
  }

  toString(): string {
    const { visitor, stale, activity, failed, acts } = this.asked
    const how = [stale ? ' with the cookie of before' : '', activity ? '' : ' polls', failed ? ' fails' : '']
    return `visitor ${visitor}${how.join(',')}: ${acts.map((act) => Object.values(act).join(' ')).join(', ')}`
  }
}

class Pass implements fc.AsyncCommand<Model, Real> {
  readonly ms: number

  constructor(ms: number) {
    this.ms = ms
  }

  check(): boolean {
    return true
  }

  async run(model: Model, real: Real): Promise<void> {
    real.clock.advance(this.ms)
    model.time += this.ms
    await sameForAll(model, real)
  }

  toString(): string {
    return `${this.ms} ms pass`
  }
}

class Operate implements fc.AsyncCommand<Model, Real> {
  readonly what: number | 'sweep' | (typeof OWNERS)[number]

  constructor(what: Operate['what']) {
    this.what = what
  }

  check(): boolean {
    return true
  }

  async run(model: Model, real: Real): Promise<void> {
    const { what } = this
    const sessions = processOf(real)
    if (what === 'sweep') await sessions.sweep()
    else if (typeof what === 'number') {
      const [visitor, jar] = [model.visitors[what], real.jars[what]]
      const session = await sessions.open({ cookie: jar?.now, secure: false, activity: false })
      const ended = behind(model, visitor?.now)
      const there = endAll(model, (each) => each === ended) === 1
      assert.equal(await sessions.revoke(session.id), there, 'what revoke() answers')
    } else {
      const count = endAll(model, ({ owner }) => owner === what)
      assert.equal(await sessions.revokeAll({ owner: real.salt + what }), count, 'what revokeAll() answers')
    }
    await sameForAll(model, real)
  }

  toString(): string {
    return this.what === 'sweep' ? 'a sweep' : `an operator ends ${this.what}`
  }
}

/** Which sequences to run. */
export interface ModelRun {
  readonly seed: number
  readonly runs: number
  /** Requests and other steps in one sequence, at most. */
  readonly steps?: number
  /** The end of a path that a failure printed, to go straight to what it was shrunk to. */
  readonly path?: string | undefined
}

/** Run sequences over two handles on one store, which may hold anything else. Resolves with the number of requests. */
export async function runModel(handles: readonly Store[], { seed, runs, steps = 30, path }: ModelRun): Promise<number> {
  let requests = 0
  let sequence = 0
  const canList = handles.every((handle) => handle.list !== undefined)
  const property = fc.asyncProperty(
    fc.commands([...COMMANDS, ...(canList ? LISTING : [])], { maxCommands: steps, size: 'max' }),
    async (commands) => {
      const salt = `${seed} ${(sequence += 1)} ${Date.now()} `
      const real = begin(handles, salt)
      await fc.asyncModelRun(() => ({ model: newModel(real.clock.now(), VISITORS), real }), commands)
      requests += real.requests
    },
  )
  await fc.assert(property, { seed, numRuns: runs, ...(path !== undefined && { path }) })
  return requests
}

const act = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ act: fc.constant('set' as const), key: fc.constantFrom('a', 'b'), value: fc.nat(9) }),
  },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('delete' as const), key: fc.constantFrom('a', 'b') }) },
  { weight: 3, arbitrary: fc.record({ act: fc.constantFrom('count' as const, 'save' as const) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constantFrom('logout' as const, 'destroy' as const) }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('regenerate' as const), keep: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('login' as const), owner: fc.constantFrom(...OWNERS) }) },
)

const request = fc
  .record({
    visitor: fc.nat(VISITORS - 1),
    stale: rarely(),
    activity: fc.boolean(),
    failed: rarely(),
    acts: fc.array(act, { maxLength: 4 }),
  })
  .map((asked) => new Request(asked))

/** Around the deadlines: a poll apart, a push, the age for a new ID, the grace, the idle and the absolute lifetime. */
const pass = fc.constantFrom(1, 1999, 2000, 4000, 9000, 12_000, 15_000, 19_999, 20_000).map((ms) => new Pass(ms))

/** The more of one kind, the more often it is picked. */
const COMMANDS = [
  ...Array.from({ length: 6 }, () => request),
  ...Array.from({ length: 3 }, () => pass),
  fc.constantFrom(0, 1, 'sweep' as const).map((what) => new Operate(what)),
]
const LISTING = [fc.constantFrom(...OWNERS).map((owner) => new Operate(owner))]

function rarely(): fc.Arbitrary<boolean> {
  return fc.nat(5).map((n) => n === 5)
}

function begin(handles: readonly Store[], salt: string): Real {
  const clock = testClock(Date.now())
  const processes = handles.map((store) =>
    createSessions<Data>({
      store,
      clock,
      lifetime: `${MODEL_TIMES.lifetime / 1000}s`,
      absoluteLifetime: `${MODEL_TIMES.absolute / 1000}s`,
      renewAfter: `${MODEL_TIMES.renewAfter / 1000}s`,
      renewGrace: `${MODEL_TIMES.grace / 1000}s`,
      sweepEvery: false,
      cookie: { secure: false },
    }),
  )
  const jars = Array.from({ length: VISITORS }, () => ({ now: undefined, before: undefined }))
  return { processes, clock, jars, salt, requests: 0 }
}

/** Requests take turns on the processes. */
function processOf(real: Real): Sessions<Data> {
  const sessions = real.processes[real.requests % real.processes.length]
  if (!sessions) throw new Error('no process')
  real.requests += 1
  return sessions
}

async function perform(step: Act, session: Session<Data>, salt: string): Promise<void> {
  if (step.act === 'set') session.data[step.key] = step.value
  else if (step.act === 'delete') delete session.data[step.key]
  else if (step.act === 'count') await session.update((data) => void (data['count'] = (data['count'] ?? 0) + 1))
  else if (step.act === 'save') await session.save()
  else if (step.act === 'regenerate') await session.regenerate({ keep: step.keep })
  else if (step.act === 'login') await login(session, salt + step.owner)
  else if (step.act === 'logout') await logout(session)
  else await session.destroy()
}

/** What each visitor would find now, by either cookie, and when it ends. */
async function sameForAll(model: Model, real: Real): Promise<void> {
  for (const [index, visitor] of model.visitors.entries()) {
    const jar = real.jars[index]
    for (const which of ['now', 'before'] as const) {
      const expected = behind(model, visitor[which])
      const found = await processOf(real).open({ cookie: jar?.[which], secure: false, activity: false })
      const what = `visitor ${index} by the cookie of ${which}`
      assert.deepEqual({ ...found.data }, { ...expected?.data }, `data of ${what}`)
      assert.equal(found.isNew || found.ended !== undefined, expected === undefined, `whether ${what} has a session`)
      if (!expected) continue
      assert.ok(isLive(model, expected))
      assert.equal(found.expiresAt, expected.expiresAt, `expiresAt of ${what}`)
      assert.equal(found.owner, expected.owner && real.salt + expected.owner, `owner of ${what}`)
      assert.equal(found.authenticatedAt, expected.authAt, `authenticatedAt of ${what}`)
    }
  }
}
