/** What sessions are to their users, with nothing of how they are kept: the reference of the model tests. */

/** In ms. */
export const MODEL_TIMES = { lifetime: 20_000, absolute: 32_000, renewAfter: 12_000, grace: 4000 } as const

/** One thing that a handler does with the session of its request. */
export type Act =
  | { readonly act: 'set'; readonly key: string; readonly value: number }
  | { readonly act: 'delete'; readonly key: string }
  | { readonly act: 'count' | 'save' | 'logout' | 'destroy' }
  | { readonly act: 'regenerate'; readonly keep: boolean }
  | { readonly act: 'login'; readonly owner: string }

/** A request of one visitor. */
export interface Asked {
  readonly visitor: number
  /** With the cookie of before this one, as one that was stolen or delayed would have. */
  readonly stale: boolean
  readonly activity: boolean
  readonly failed: boolean
  readonly acts: readonly Act[]
}

/** A session as it is kept. */
export interface ModelSession {
  data: Readonly<Record<string, number>>
  owner: string | undefined
  authAt: number | undefined
  createdAt: number
  issuedAt: number
  expiresAt: number
}

/** A way to a session: what a cookie stands for. */
export interface Way {
  readonly session: ModelSession
  /** It leads there until then, Unix ms. */
  until: number
}

/** A browser: the way its cookie is, and the one before. */
export interface ModelVisitor {
  now: Way | undefined
  before: Way | undefined
}

/** All that is true at one moment. */
export interface Model {
  time: number
  readonly visitors: readonly ModelVisitor[]
  readonly sessions: Set<ModelSession>
  readonly ways: Set<Way>
}

/** A world without sessions. */
export function newModel(time: number, visitors: number): Model {
  return {
    time,
    visitors: Array.from({ length: visitors }, () => ({ now: undefined, before: undefined })),
    sessions: new Set(),
    ways: new Set(),
  }
}

/** The session at the end of a way, if it lives and the way still leads there. */
export function behind(model: Model, way: Way | undefined): ModelSession | undefined {
  if (!way || model.time >= way.until || !isLive(model, way.session)) return undefined
  return way.session
}

/** Whether neither deadline has passed, and nobody ended it. */
export function isLive({ time, sessions }: Model, session: ModelSession): boolean {
  return sessions.has(session) && time < session.expiresAt && time < beganAt(session) + MODEL_TIMES.absolute
}

/** What the request finds, and what it leaves behind. */
export function ask(model: Model, { visitor: index, stale, activity, failed, acts }: Asked): ModelSession['data'] {
  const visitor = model.visitors[index]
  if (!visitor) throw new Error(`no visitor ${index}`)
  const way = stale ? visitor.before : visitor.now
  let stored = behind(model, way)
  const found = stored?.data ?? {}
  let draft: Record<string, number> = { ...found }
  let owner = stored?.owner
  let authAt = stored?.authAt
  let createdAt = stored?.createdAt ?? model.time
  let moving: boolean | undefined
  let ended = false
  const presented = stored !== undefined
  // A renewed ID that is used by its old cookie is told again.
  let jar = (stored && wayTo(model, stored)) ?? visitor.now
  if (stale && !presented) return found

  function begin(session: ModelSession, leadsOn: number): void {
    for (const each of model.ways) if (each.session === session && each.until > leadsOn) each.until = leadsOn
    const next: Way = { session, until: Infinity }
    model.ways.add(next)
    jar = next
  }

  function save(isCommit: boolean, drop: boolean): void {
    if (ended) return
    if (!stored) {
      if (drop || (Object.keys(draft).length === 0 && owner === undefined)) return
      stored = {
        data: { ...draft },
        owner,
        authAt,
        createdAt,
        issuedAt: createdAt,
        expiresAt: earned({ createdAt, authAt }),
      }
      model.sessions.add(stored)
      return begin(stored, 0)
    }
    const members = { owner, authAt, createdAt }
    if (moving !== undefined) {
      const data = drop ? (moving ? stored.data : {}) : { ...draft }
      Object.assign(stored, { data, ...members, issuedAt: model.time, expiresAt: earned(members) })
      moving = undefined
      return begin(stored, 0)
    }
    if (isCommit && activity && !drop && model.time - stored.issuedAt >= MODEL_TIMES.renewAfter) {
      Object.assign(stored, { data: { ...draft }, ...members, issuedAt: model.time, expiresAt: earned(members) })
      return begin(stored, model.time + MODEL_TIMES.grace)
    }
    if (!drop) stored.data = { ...draft }
    stored.expiresAt = planned(stored)
  }

  function earned(from: { readonly createdAt: number; readonly authAt: number | undefined }): number {
    return Math.min(model.time + MODEL_TIMES.lifetime, beganAt(from) + MODEL_TIMES.absolute)
  }

  function planned(session: ModelSession): number {
    const [target, step] = [earned(session), MODEL_TIMES.lifetime / 10]
    if (session.expiresAt - target > step) return target
    return activity && target - session.expiresAt >= step ? target : session.expiresAt
  }

  function move(keep: boolean): void {
    if (!keep) {
      createdAt = beganAt({ createdAt, authAt })
      ;[draft, owner, authAt] = [{}, undefined, undefined]
    }
    if (stored) moving = (moving ?? true) && keep
  }

  function end(): void {
    if (stored) model.sessions.delete(stored)
    jar = presented ? undefined : visitor?.now
    stored = undefined
    moving = undefined
    draft = {}
  }

  for (const step of acts) {
    if (ended) break
    if (step.act === 'set') draft[step.key] = step.value
    else if (step.act === 'delete') delete draft[step.key]
    else if (step.act === 'count') {
      if (moving !== undefined) save(false, false)
      draft['count'] = (draft['count'] ?? 0) + 1
      save(false, false)
    } else if (step.act === 'save') save(false, false)
    else if (step.act === 'regenerate') move(step.keep)
    else if (step.act === 'login') {
      const [isAgain, isFirst] = [owner === step.owner, owner === undefined]
      const began = createdAt
      move(isAgain)
      createdAt = isAgain || isFirst ? began : model.time
      ;[owner, authAt] = [step.owner, model.time]
      save(false, false)
    } else {
      end()
      if (step.act === 'destroy') ended = true
      else [owner, authAt, createdAt] = [undefined, undefined, model.time]
    }
  }
  save(true, failed)
  if (jar !== visitor.now) Object.assign(visitor, { before: visitor.now, now: jar })
  return found
}

/** The way that a session has now. */
function wayTo({ ways }: Model, session: ModelSession): Way | undefined {
  return [...ways].find((each) => each.session === session && each.until === Infinity)
}

/** End sessions, as an operator does. How many there were. */
export function endAll(model: Model, which: (session: ModelSession) => boolean): number {
  const ended = [...model.sessions].filter((session) => isLive(model, session) && which(session))
  for (const session of ended) model.sessions.delete(session)
  return ended.length
}

function beganAt({
  createdAt,
  authAt = 0,
}: {
  readonly createdAt: number
  readonly authAt: number | undefined
}): number {
  return Math.max(createdAt, authAt)
}
