/** Visitors with two devices each: they come and go, change things, sign in and out, and check all they are shown. */
import type { Answer, AppProcess } from './app-process.ts'
import {
  begin,
  BOX,
  change,
  COUNTER,
  compare,
  endsBy,
  isSettled,
  KEYS,
  note,
  OWNER,
  possible,
  push,
  remove,
  set,
  strangers,
  visited,
} from './life.ts'
import type { Change, Deadlines, Life } from './life.ts'

/** Which promise was broken: data or a session is gone, or is back, or somebody sees or leaves what they must not. */
export type Fault = 'lost' | 'resurrected' | 'leaked' | 'other'

/** What visitors count. */
export interface Tally {
  requests: number
  acknowledged: number
  unanswered: number
  errors: number
  /** Sessions that began, that ended as they should, and of which nobody knows why they ended: a request had no answer. */
  begun: number
  ended: number
  doubtful: number
  /** Sessions that a store forgot which keeps nothing over a restart. */
  forgotten: number
  /** Tries with the cookie of a session that is over. */
  haunts: number
  conflicts: number
}

/** Where visitors are. */
export interface Scene {
  readonly apps: readonly AppProcess[]
  readonly limits: Deadlines
  readonly tally: Tally
  /** The store can enumerate: revoking by owner works. */
  readonly canList: boolean
  /** The codes of errors that a request may be answered with. */
  readonly honest: ReadonlySet<string>
  /** When the store last forgot everything, as one without a disk does. */
  readonly wipedAt: () => number
  readonly stopping: () => boolean
  readonly broken: (fault: Fault, what: string) => void
  readonly pause: (ms: number) => Promise<void>
}

/** One visitor. */
export interface Visitor {
  /** Until the scene is stopping. */
  run(): Promise<void>
  /** Look at each session, and at what is over, once more. */
  lookAgain(): Promise<void>
}

/** One request. */
interface Deed {
  readonly path: string
  readonly change?: Change
  readonly counts?: boolean
  /** It ends the session, or moves it to another ID. */
  readonly ends?: 'over' | 'moves'
  /** Asked by somebody else, with their own cookie. */
  readonly by?: string
}

type PageAnswer = Extract<Answer, { kind: 'page' }>

const MOST_GRAVES = 400
const EPSILON = 100

function inWords({ path, by }: Deed, answer: Answer): string {
  const asked = `${answer.sentAt % 1_000_000} to ${answer.at % 1_000_000}: ${path.slice(0, 60)}${by === undefined ? '' : ' by another'}`
  if (answer.kind !== 'page') return `${asked}: ${answer.kind === 'error' ? answer.code : answer.kind}`
  const { body, cookie, events } = answer
  const told = events.map(({ name, keys }) => `, ${name} ${keys.join()}`).join('')
  return `${asked}: ${body.opened ? 'open' : 'not open'}, n ${body.data.n}, cookie ${cookie?.slice(0, 6)}${told}`
}

/** The `number`th visitor of a scene. */
export function visitor(scene: Scene, number: number, random: () => number): Visitor {
  const { limits, tally } = scene
  const owner = `owner${number}`
  const devices: (Life | undefined)[] = [undefined, undefined]
  const graves: { readonly cookie: string; readonly label: string; readonly from: number; readonly why: string }[] = []
  let [labels, values] = [0, 0]

  const below = (limit: number): number => Math.floor(random() * limit)
  const pick = <One>(all: readonly [One, ...One[]] | readonly One[]): One => all[below(all.length)] as One

  /** Until somebody takes the request: where nobody listens nothing was asked. */
  async function ask({ path, by }: Pick<Deed, 'path' | 'by'>, cookie?: string): Promise<Answer> {
    for (;;) {
      const answer = await pick(scene.apps).ask(path, by ?? cookie)
      if (answer.kind === 'unsent') {
        await scene.pause(20)
        continue
      }
      tally.requests += 1
      if (answer.kind === 'page') tally.acknowledged += 1
      if (answer.kind === 'unanswered') tally.unanswered += 1
      if (answer.kind === 'error') {
        tally.errors += 1
        if (!scene.honest.has(answer.code)) scene.broken('other', `${path} was answered with ${answer.code}`)
      }
      return answer
    }
  }

  /** The same question until there is an answer; undefined when the run is over meanwhile. */
  async function askUntilAnswered(path: string, cookie: string): Promise<PageAnswer> {
    for (;;) {
      const answer = await ask({ path }, cookie)
      if (answer.kind === 'page') return answer
      await scene.pause(100)
    }
  }

  function bury(cookie: string, label: string, from: number, why: string): void {
    if (graves.length >= MOST_GRAVES) graves.splice(below(graves.length), 1)
    graves.push({ cookie, label, from, why })
  }

  /** The session is over: all its cookies are to stay dead. */
  function end(life: Life, why: string, from: number): void {
    for (const cookie of new Set([life.cookie, ...life.renewed.map((each) => each.cookie)]))
      bury(cookie, life.label, from, why)
    const at = devices.indexOf(life)
    if (at !== -1) devices[at] = undefined
  }

  function report(life: Life, fault: Fault, what: string): void {
    scene.broken(fault, `session ${life.label} ${what}\n       ${life.history.join('\n       ')}`)
  }

  /** It was found dead: there must be a reason. */
  function endFound(life: Life, at: number, what: string): void {
    if (scene.wipedAt() > life.seenAt) tally.forgotten += 1
    else if (at >= life.earned) tally.ended += 1
    else if (life.mayBeOver || (life.stranded && at >= life.stranded.from)) tally.doubtful += 1
    else {
      const left = life.earned - at
      report(life, 'lost', `gone ${left} ms before it may: ${what}`)
    }
    // What began before the deadline may land after it, as the documentation says: then it is dead a little later.
    const settled = isSettled(life, at) ? at : Math.max(at + limits.doubt, endsBy(life, limits))
    end(life, `found dead: ${what}`, settled)
  }

  /** Send requests at once, and draw from the answers what is known of the session now. */
  async function act(life: Life, deeds: readonly Deed[]): Promise<void> {
    const split = deeds.length > 1
    const before = Math.max(life.counted, life.highest)
    const answers = await Promise.all(
      deeds.map(async (deed) => {
        const path =
          split && deed.by === undefined ? `${deed.path}${deed.path.includes('?') ? '&' : '?'}split` : deed.path
        return { deed, answer: await ask({ ...deed, path }, life.cookie) }
      }),
    )
    const what = deeds.map(({ path }) => path.split('?')[0]).join('+')
    const sentAt = Math.min(...answers.map(({ answer }) => answer.sentAt))
    const at = Math.max(...answers.map(({ answer }) => answer.at))
    const doubtUntil = at + limits.doubt
    const changes = deeds.flatMap((deed) => deed.change ?? [])
    const counts = deeds.filter((deed) => deed.counts).length
    const ending = deeds.some((deed) => deed.ends !== undefined)
    const cookies: string[] = []
    const numbers: number[] = []
    const sure: Change[] = []
    const unsure: Change[] = []
    let [closed, unsureCount] = [0, 0]
    let [over, moved, visit, refused] = [false, false, false, false]
    life.lastAt = Math.max(life.lastAt, at)

    for (const { deed, answer } of answers) {
      note(life, inWords(deed, answer))
      const ends = deed.ends !== undefined
      if (answer.kind !== 'page') {
        if (answer.kind === 'error' && answer.code === 'session_ended') {
          closed += 1
          continue
        }
        if (deed.change) unsure.push(deed.change)
        if (deed.counts) unsureCount += 1
        if (ends) life.mayBeOver = true
        if (ends) life.endDoubtUntil = Math.max(life.endDoubtUntil, doubtUntil)
        if (deed.path !== '/poll') life.stranded ??= { from: sentAt + limits.renewGrace - EPSILON, until: doubtUntil }
        life.lastAt = Math.max(life.lastAt, doubtUntil)
        continue
      }
      const { body, events, cookie } = answer
      if (deed.by !== undefined) {
        if (body.result) over = true
        else refused = true
        continue
      }
      tally.conflicts += events.filter(({ name }) => name === 'conflict').length
      const dropped = events.filter(({ name }) => name === 'gone').flatMap(({ keys }) => keys)
      const isGone = events.some(({ name }) => name === 'gone')
      if (!body.opened) {
        closed += 1
        const own = deed.change?.key
        const foreign = Object.keys(body.data).filter((key) => key !== own && !(deed.counts && key === COUNTER))
        if (foreign.length > 0) report(life, 'resurrected', `is over, and ${deed.path} shows ${foreign.join()}`)
        continue
      }
      // What update() saved stays, though the session was over when the rest was to be saved.
      if (deed.counts && !dropped.includes(COUNTER)) numbers.push(Number(body.result))
      if (isGone) {
        closed += 1
        if (deed.change && !dropped.includes(deed.change.key)) unsure.push(deed.change)
        continue
      }
      if (deed.ends === 'over') {
        over = true
        continue
      }
      for (const text of strangers(life.label, body.data))
        report(life, 'leaked', `shows ${text.slice(0, 40)}, which is a stranger's`)
      const wrong = compare(life, body, answer.sentAt, { changes, counts })
      for (const each of wrong) report(life, 'lost', `after ${what}: ${each}`)
      if (cookie === '' && !ending) report(life, 'lost', `had its cookie deleted by ${what}, and lives`)
      if (cookie !== undefined && cookie !== '' && cookie !== life.cookie) cookies.push(cookie)
      if (deed.ends === 'moves') moved = true
      if (deed.change) (deed.change.key === OWNER && body.owner !== owner ? unsure : sure).push(deed.change)
      visit ||= deed.path !== '/poll'
      life.id = body.id
      life.since = Math.max(life.since, body.since)
      life.seenAt = Math.max(life.seenAt, answer.sentAt)
    }

    if (new Set(numbers).size < numbers.length || numbers.some((one) => one <= before))
      report(life, 'lost', `was counted to ${numbers.join()} after ${before}`)
    change(life, sure, unsure, doubtUntil)
    life.counted += numbers.length
    life.perhaps += unsureCount
    if (unsureCount > 0) life.countDoubtUntil = doubtUntil
    if (over) {
      tally.ended += 1
      for (const cookie of cookies) bury(cookie, life.label, at, what)
      return end(life, what, at)
    }
    if (closed === answers.length && !ending) return endFound(life, at, what)
    if (visit) visited(life, sentAt, at, limits)
    if (refused && answers.every(({ answer }) => answer.kind === 'page') && (await isAlive(life)))
      report(life, 'other', `lives, and ${what} did not find it`)
    if (cookies.length > 0 || moved || closed > 0) await findCookie(life, cookies, what)
    else if (closed === 0 && unsure.length === 0) clearDoubts(life, sentAt)
  }

  async function isAlive({ cookie }: Life): Promise<boolean> {
    return (await askUntilAnswered('/poll', cookie)).body.opened
  }

  /** Whoever came after all doubts and found the session has nothing to doubt any more. */
  function clearDoubts(life: Life, sentAt: number): void {
    if (life.endDoubtUntil < sentAt) life.mayBeOver = false
    if (life.stranded && life.stranded.until < sentAt) life.stranded = undefined
  }

  /** Which of the cookies leads on? All that open must open the same session. */
  async function findCookie(life: Life, found: readonly string[], what: string): Promise<void> {
    const tried = new Map<string, PageAnswer>()
    const queue = [life.cookie, ...found]
    for (let cookie = queue.shift(); cookie !== undefined; cookie = queue.shift()) {
      if (tried.has(cookie)) continue
      const answer = await askUntilAnswered('/poll', cookie)
      tried.set(cookie, answer)
      note(life, inWords({ path: `/poll with ${cookie.slice(0, 6)}` }, answer))
      life.lastAt = Math.max(life.lastAt, answer.at)
      if (answer.body.opened && answer.cookie) queue.push(answer.cookie)
    }
    const open = [...tried].filter(([, { body }]) => body.opened)
    const at = Math.max(...[...tried.values()].map((answer) => answer.at))
    const ids = new Set(open.map(([, { body }]) => body.id))
    if (ids.size > 1) report(life, 'other', `has ${ids.size} live IDs after ${what}`)
    const [last, answer] = open.findLast(([cookie, each]) => !each.cookie || each.cookie === cookie) ?? []
    if (last === undefined || answer === undefined) {
      for (const cookie of tried.keys()) if (cookie !== life.cookie) bury(cookie, life.label, at, what)
      return endFound(life, at, `${what}, then none of its cookies opened`)
    }
    for (const [cookie, { body }] of tried) {
      if (cookie === last) continue
      if (body.opened) life.renewed.push({ cookie, until: at + limits.renewGrace + EPSILON })
      else bury(cookie, life.label, at, `${what} moved it`)
    }
    life.cookie = last
    life.id = answer.body.id
    for (const text of strangers(life.label, answer.body.data))
      report(life, 'leaked', `shows ${text.slice(0, 40)}, which is a stranger's`)
    const wrong = compare(life, answer.body, answer.sentAt)
    for (const each of wrong) report(life, 'lost', `after ${what}: ${each}`)
    life.since = answer.body.since
    clearDoubts(life, answer.sentAt)
  }

  /** Begin a session, perhaps with the cookie of one that is over. */
  async function arrive(at: number): Promise<void> {
    const label = `v${number}.${++labels}`
    const grave = random() < 0.2 ? graveDue() : undefined
    if (grave === undefined && random() < 0.3) {
      const look = await ask({ path: '/read' })
      if (look.kind === 'page' && (look.cookie !== undefined || look.body.opened))
        scene.broken('other', 'a visitor who keeps nothing got a session')
    }
    const value = `${label}.${++values}`
    const answer = await ask({ path: `/set?k=a&v=${value}&split` }, grave?.cookie)
    if (answer.kind !== 'page') return
    const { body, cookie, events } = answer
    if (body.opened)
      return scene.broken('resurrected', `${grave?.label ?? 'no cookie'} (${grave?.why}) opened for a new session`)
    const foreign = Object.keys(body.data).filter((key) => key !== 'a')
    if (foreign.length > 0) scene.broken('leaked', `a new session has ${foreign.join()}`)
    // What a moved session has left takes nothing, and its cookie is left alone.
    if (grave !== undefined && events.some(({ name }) => name === 'gone')) {
      if (cookie) scene.broken('other', `a session that is over set a cookie: ${grave.why}`)
      return
    }
    if (!cookie || cookie === grave?.cookie) return scene.broken('other', 'a new session got no cookie of its own')
    tally.begun += 1
    const life = begin(label, cookie, set('a', value))
    life.lastAt = answer.at
    life.seenAt = answer.sentAt
    life.since = body.since
    visited(life, answer.sentAt, answer.at, limits)
    devices[at] = life
  }

  function graveDue(): (typeof graves)[number] | undefined {
    const grave = graves[below(graves.length)]
    return grave !== undefined && grave.from <= Date.now() ? grave : undefined
  }

  /** Try the cookie of a session that is over. */
  async function haunt(grave: (typeof graves)[number] | undefined): Promise<void> {
    if (!grave) return
    const answer = await ask({ path: random() < 0.5 ? '/read' : '/poll' }, grave.cookie)
    tally.haunts += 1
    if (answer.kind !== 'page') return
    const { opened, data } = answer.body
    if (opened || Object.keys(data).length > 0)
      scene.broken('resurrected', `session ${grave.label}, ${grave.why} ${answer.sentAt - grave.from} ms ago, opens`)
    else if (answer.cookie) scene.broken('other', `a cookie that is over was answered with another: ${grave.why}`)
  }

  const setOf = (life: Life, key: string): Deed => {
    const value = `${life.label}.${++values}.${random() < 0.05 ? 'x'.repeat(below(4000)) : ''}`
    return { path: `/set?k=${key}&v=${value}`, change: set(key, value) }
  }
  const removeOf = (key: string): Deed => ({ path: `/delete?k=${key}`, change: remove(key) })
  const countOf: Deed = { path: '/count', counts: true }
  const loginOf: Deed = { path: `/login?owner=${owner}`, change: set(OWNER, owner), ends: 'moves' }

  /** Two pushes at once, or one in doubt, would leave open what is in the list: the later one wins it whole. */
  function pushOf(life: Life): Deed {
    if (life.doubts.some((doubt) => doubt.key === BOX)) return { path: '/read' }
    const value = `${life.label}.${++values}`
    return { path: `/push?v=${value}`, change: push(value) }
  }

  /** Another device of the visitor ends this session. */
  function revokeOf(life: Life, other: Life): Deed | undefined {
    const signedIn = [...possible(life, OWNER)].every((each) => each === JSON.stringify(owner))
    if (scene.canList && signedIn && random() < 0.5)
      return { path: `/revoke-others?owner=${owner}`, by: other.cookie, ends: 'over' }
    return life.id === undefined ? undefined : { path: `/revoke?id=${life.id}`, by: other.cookie, ends: 'over' }
  }

  function oneOf(life: Life): Deed {
    const roll = random()
    if (roll < 0.35) return { path: '/read' }
    if (roll < 0.5) return { path: '/poll' }
    if (roll < 0.7) return setOf(life, pick(KEYS))
    if (roll < 0.76) return removeOf(pick(KEYS))
    if (roll < 0.86) return pushOf(life)
    return countOf
  }

  function burstOf(life: Life): Deed[] {
    const deeds: Deed[] = []
    for (let left = 2 + below(5); left > 0; left--) {
      const deed = oneOf(life)
      if (deed.change?.key !== BOX || deeds.every((each) => each.change?.key !== BOX)) deeds.push(deed)
    }
    if (random() < 0.15) deeds.push(...Array.from({ length: 5 }, () => countOf))
    return deeds
  }

  async function step(): Promise<void> {
    const at = below(2)
    const life = devices[at]
    const other = devices[1 - at]
    if (life === undefined) return arrive(at)
    for (const old of life.renewed.filter(({ until }) => until < Date.now())) {
      life.renewed.splice(life.renewed.indexOf(old), 1)
      bury(old.cookie, life.label, old.until, 'renewed')
    }
    const roll = random()
    const withOthers = (deed: Deed): Deed[] => (random() < 0.5 ? [deed] : [...burstOf(life), deed])
    if (roll < 0.7) return act(life, [oneOf(life)])
    if (roll < 0.84) return act(life, burstOf(life))
    if (roll < 0.88) return act(life, withOthers(loginOf))
    if (roll < 0.9) return act(life, withOthers({ path: '/regenerate', ends: 'moves' }))
    if (roll < 0.91) return act(life, withOthers({ path: '/logout', ends: 'over' }))
    if (roll < 0.92) return act(life, withOthers({ path: '/destroy', ends: 'over' }))
    if (roll < 0.935 && other) {
      const deed = revokeOf(life, other)
      return deed && act(life, withOthers(deed))
    }
    if (roll < 0.94) return end(life, 'left alone', endsBy(life, limits))
    if (roll < 0.945) return scene.pause(limits.lifetime * (0.5 + random() * 0.7))
    if (roll < 0.96) return scene.pause(below(500))
    return haunt(graveDue())
  }

  return {
    async run() {
      while (!scene.stopping()) {
        await step()
        await scene.pause(below(60))
      }
    },
    async lookAgain() {
      for (const life of devices) if (life) await act(life, [{ path: '/poll' }])
      for (const grave of graves) if (grave.from <= Date.now()) await haunt(grave)
    },
  }
}
