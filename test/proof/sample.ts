/** Races on real servers: some of all orders, picked by seed. */
import type { Store } from '../../src/index.ts'
import { BrokenPromise, scheduleOf, waiting } from './explore.ts'
import { brokenAtEnd, brokenNow, look } from './promises.ts'
import { DEEDS, startRace } from './race.ts'
import type { Deed } from './race.ts'
import { seeded } from './seed.ts'

/** Which races to run. */
export interface Sample {
  readonly seed: number
  readonly runs: number
  /** The race of this number alone, to see it again. */
  readonly only?: number | undefined
}

/**
 * Run races of two or three requests at once over `handles` on one store, which may hold anything else. Throws a
 * {@link BrokenPromise} at the first that breaks a promise. Resolves with the number of store calls made.
 */
export async function sampleRaces(handles: readonly Store[], { seed, runs, only }: Sample): Promise<number> {
  const [store, ...others] = handles
  if (!store) throw new Error('give a store')
  let calls = 0
  for (let run = only ?? 0; run < (only === undefined ? runs : only + 1); run += 1) {
    const random = seeded(seed * 1_000_003 + run)
    const deeds = Array.from({ length: 2 + Math.floor(random() * 2) }, () => pick(possible(store), random))
    // Under IDs of its own every time: what an earlier run with the same seed has left must not meet it.
    const salt = `${seed} ${run} ${Date.now()} `
    const race = await startRace(store, deeds, { salt, start: Date.now(), others })
    const turns: number[] = []
    let moment = await look(race, false, race.clock.now())
    for (let ready = waiting(race); ready.length > 0; ready = waiting(race)) {
      const turn = pick(ready, random)
      await race.parties[turn]?.turn()
      turns.push(turn)
      moment = await look(race, moment.dead, race.clock.now())
      const broken = brokenNow(race, moment)
      if (broken !== undefined) throw new BrokenPromise(nameOf(seed, run, deeds, turns), broken)
    }
    const broken = brokenAtEnd(race, moment)
    if (broken !== undefined) throw new BrokenPromise(nameOf(seed, run, deeds, turns), broken)
    calls += turns.length
  }
  return calls
}

function nameOf(seed: number, run: number, deeds: readonly Deed[], turns: readonly number[]): string {
  return `${scheduleOf(deeds, turns)} (race ${run} of seed ${seed})`
}

function possible({ sweep }: Pick<Store, 'sweep'>): readonly Deed[] {
  return sweep ? DEEDS : DEEDS.filter((deed) => deed !== 'sweep')
}

function pick<One>(of: readonly One[], random: () => number): One {
  const one = of[Math.floor(random() * of.length)]
  if (one === undefined) throw new Error('nothing to pick from')
  return one
}
