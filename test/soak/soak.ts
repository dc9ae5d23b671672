/** Visitors, servers, one store, and faults: everything a soak consists of, and what it must be like afterwards. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { openStore } from 'coatcheck/stores'
import { seeded } from '../proof/seed.ts'
import type { AppJob, AppStats } from './app.ts'
import { startApp } from './app-process.ts'
import type { AppProcess } from './app-process.ts'
import { faultDeeds } from './faults.ts'
import type { FaultCounts, FaultKind } from './faults.ts'
import { growing } from './growth.ts'
import { openPlace } from './places.ts'
import type { SoakPlace } from './places.ts'
import { visitor } from './visitor.ts'
import type { Fault, Scene, Tally } from './visitor.ts'

/** What is to be done. */
export interface SoakPlan {
  /** A kind of store, which is then started, or a URL. */
  readonly store: string
  readonly seconds: number
  /** Ends it before that time. */
  readonly enough?: (report: SoakReport) => boolean
  readonly seed: number
  readonly faults: readonly FaultKind[]
  readonly apps: number
  readonly visitors: number
  /** Seconds. The absolute lifetime is three times that, an ID is renewed after three tenths, with a grace of a quarter. */
  readonly lifetime: number
  /** How long a fault lasts at most, and how much lies between two of them, seconds. */
  readonly fault: number
  readonly between: number
  /** The store's time limit, seconds: shorter than a fault, so that it is reached. */
  readonly storeTimeout: number
  /** Wait until all that is there has ended, and demand that a sweep leaves nothing. Otherwise: nothing that has. */
  readonly toTheEnd: boolean
  /** Another copy of `app.ts`. */
  readonly app?: URL
  readonly onProgress?: (report: SoakReport) => void
}

/** What was done, and what was found. */
export interface SoakReport {
  readonly tally: Tally
  readonly faults: FaultCounts
  /** How often each promise was broken. */
  readonly broken: Record<Fault, number>
  /** The first of them, in words. */
  readonly findings: string[]
  /** Of the server that is never killed, one every few seconds. */
  readonly samples: AppStats[]
  seconds: number
}

/** How long a machine may leave a process waiting that is to go on with what nobody waits for any more. */
const DOUBT_S = 20
/** What is answered where a session is over, and on a machine that is too busy for the store's time limit. */
const SLOW: readonly string[] = ['session_ended', 'too_busy', 'store_timeout']
const MOST_FINDINGS = 20
const SAMPLES_EVERY_MS = 3000
const PROGRESS_EVERY_MS = 5000
const LOOK_EVERY_MS = 50
/** As long as the old ID of a session that moved is known, and as a server that expires by itself is behind. */
const SUPERSEDED_MS = 60_000
const SKEW_MS = 60_000
/** A sweep takes its time, and so do many of them. */
const SWEPT_WITHIN_MS = 30_000

/** Run a soak to its end. What was broken is in the report; it rejects only when it could not be run. */
export async function soak(plan: SoakPlan): Promise<SoakReport> {
  const { seed, seconds } = plan
  const random = seeded(seed)
  let started = performance.now()
  const report: SoakReport = {
    tally: {
      requests: 0,
      acknowledged: 0,
      unanswered: 0,
      errors: 0,
      begun: 0,
      ended: 0,
      doubtful: 0,
      forgotten: 0,
      haunts: 0,
      conflicts: 0,
    },
    faults: {},
    broken: { lost: 0, resurrected: 0, leaked: 0, other: 0 },
    findings: [],
    samples: [],
    seconds: 0,
  }
  const elapsed = (): number => (performance.now() - started) / 1000
  const broken = (fault: Fault, what: string): void => {
    report.broken[fault] += 1
    if (report.findings.length < MOST_FINDINGS) report.findings.push(`${elapsed().toFixed(1)} s, ${fault}: ${what}`)
  }
  const stop = new AbortController()
  const pause = async (ms: number): Promise<void> => {
    await delay(ms, undefined, { signal: stop.signal }).catch(() => {})
  }

  const cache = mkdtempSync(join(tmpdir(), 'coatcheck-soak-compiled-'))
  const place = await openPlace(plan.store)
  const apps: AppProcess[] = []
  try {
    for (let n = 0; n < plan.apps; n++) {
      const complain = (what: string): void => broken('leaked', what)
      const job = jobOf(plan, place.url, n)
      apps.push(await startApp({ name: `server ${n + 1}`, job, cache, complain, app: plan.app }))
    }
    const canList = await lists(place.url)
    started = performance.now()
    let wipedAt = 0
    const scene: Scene = {
      apps,
      limits: {
        lifetime: plan.lifetime * 1000,
        absolute: plan.lifetime * 3000,
        renewGrace: plan.lifetime * 250,
        doubt: (DOUBT_S + plan.fault + 3 * plan.storeTimeout) * 1000,
      },
      tally: report.tally,
      canList,
      honest: new Set(plan.faults.length === 0 ? SLOW : [...SLOW, 'store_failed', 'store_unusable']),
      wipedAt: () => wipedAt,
      stopping: () => stop.signal.aborted,
      broken,
      pause,
    }
    const visitors = Array.from({ length: plan.visitors }, (_, n) => visitor(scene, n + 1, seeded(seed * 1000 + n + 1)))
    const onWipe = (): void => {
      if (!place.durable) wipedAt = Date.now()
    }
    const deeds = faultDeeds(
      { apps, server: place.server, relay: place.relay, onWipe, pause },
      plan.faults,
      random,
      plan.fault * 1000,
    )
    const every = async (ms: number, act: () => unknown): Promise<void> => {
      while (!stop.signal.aborted) {
        await pause(ms)
        await act()
      }
    }
    const work = [
      ...visitors.map((one) => one.run()),
      every(SAMPLES_EVERY_MS, async () => {
        const stats = await apps[0]?.stats().catch(() => undefined)
        if (stats) report.samples.push(stats)
      }),
      every(PROGRESS_EVERY_MS, () => {
        report.seconds = elapsed()
        plan.onProgress?.(report)
      }),
      every(LOOK_EVERY_MS, () => {
        if (plan.enough?.(report)) stop.abort()
      }),
      ...(deeds.length === 0 ? [] : [every(0, () => oneFault())]),
    ]
    async function oneFault(): Promise<void> {
      await pause((0.5 + random()) * plan.between * 1000)
      const deed = deeds[Math.floor(random() * deeds.length)]
      if (stop.signal.aborted || !deed) return
      const [name, , act] = deed
      await act()
      report.faults[name] = (report.faults[name] ?? 0) + 1
    }
    void delay(seconds * 1000, undefined, { ref: false, signal: stop.signal }).then(
      () => stop.abort(),
      () => {},
    )
    // Whatever ends the run early (a fault that could not be mended) ends it for all.
    await Promise.all(work.map((each) => each.finally(() => stop.abort())))
    report.seconds = elapsed()

    for (const one of visitors) await one.lookAgain()
    if (plan.toTheEnd) for (const what of growing(report.samples)) broken('leaked', what)
    await checkEnd(plan, place, apps, canList, broken)
    return report
  } finally {
    for (const app of apps) await app.kill()
    await place.stop()
    rmSync(cache, { recursive: true })
  }
}

async function lists(url: string): Promise<boolean> {
  const store = await openStore(url)
  await store.close?.()
  return store.list !== undefined
}

function jobOf(plan: SoakPlan, url: string, number: number): AppJob {
  const { lifetime, storeTimeout } = plan
  return {
    url,
    adapter: number % 2 === 0 ? 'node' : 'express',
    options: {
      lifetime: `${lifetime}s`,
      absoluteLifetime: `${3 * lifetime}s`,
      renewAfter: `${0.3 * lifetime}s`,
      renewGrace: `${0.25 * lifetime}s`,
      storeTimeout: `${storeTimeout}s`,
      sweepEvery: '2s',
    },
  }
}

/** Nothing is left of what is over, and the servers end by themselves: no socket, timer or listener keeps them. */
async function checkEnd(
  plan: SoakPlan,
  place: SoakPlace,
  apps: readonly AppProcess[],
  canList: boolean,
  broken: (fault: Fault, what: string) => void,
): Promise<void> {
  const [last, ...others] = apps
  const end = async (app: AppProcess): Promise<void> => {
    if ((await app.stop()) === false) broken('leaked', `${app.name} was told to end, and something kept it`)
  }
  await Promise.all(others.map(end))
  if (!last) return
  if (plan.toTheEnd) {
    // Then one sweep must do. Where the server expires by itself, its skew comes on top.
    await delay(plan.lifetime * 2000 + SUPERSEDED_MS)
    if (!(await last.sweep())) broken('leaked', 'the sweep at the end failed')
    let left = await place.left()
    const patience = plan.store === 'redis' ? SKEW_MS + SWEPT_WITHIN_MS : 0
    for (let waited = 0; left && left.length > 0 && waited < patience; waited += 1000) {
      await delay(1000)
      left = await place.left()
    }
    if (left && left.length > 0) broken('leaked', `left after the end and a sweep: ${left.slice(0, 5).join(', ')}`)
  } else if (canList) {
    const now = Date.now()
    if (!(await last.sweep())) broken('leaked', 'the sweep at the end failed')
    const dead = await recordsBefore(place.url, now)
    if (dead > 0 && plan.store !== 'redis') broken('leaked', `${dead} records are past their deadline after a sweep`)
  }
  await end(last)
  const beside = place.beside()
  if (beside.length > 0) broken('leaked', `beside records: ${beside.slice(0, 5).join(', ')}`)
}

async function recordsBefore(url: string, now: number): Promise<number> {
  const store = await openStore(url)
  let count = 0
  for await (const { expiresAt } of store.list?.() ?? []) if (expiresAt <= now) count += 1
  await store.close?.()
  return count
}
