/**
 * `npm run proof`: every order of three requests at once on the memory store, a line for each kind of request.
 *
 * - `-- --store redis --runs 500 --seed 7` runs as many races on a server started for it, or at a URL, and as many
 *   sequences of the model; `--race 41` that race alone, `--path 3:1:0` what a sequence was shrunk to.
 * - `-- --schedule write+destroy@011001` runs one order and says what it breaks, if anything.
 * - `-- --breaks` explores every core of `breaks-core.ts`, and says which of them pairs and threes of requests notice.
 */
import { parseArgs } from 'node:util'
import { memoryStore } from '../src/stores/memory.ts'
import { openStore } from '../src/stores/open.ts'
import { places } from '../test/processes/places.ts'
import { shownBy } from '../test/proof/broken-core.ts'
import { exploreRace, racesOf, replay } from '../test/proof/explore.ts'
import { runModel } from '../test/proof/model-run.ts'
import { DEEDS } from '../test/proof/race.ts'
import { sampleRaces } from '../test/proof/sample.ts'
import { seedOf } from '../test/proof/seed.ts'
import { breaks } from './breaks-core.ts'

const { values } = parseArgs({
  options: {
    schedule: { type: 'string' },
    breaks: { type: 'boolean', default: false },
    store: { type: 'string' },
    runs: { type: 'string', default: '100' },
    seed: { type: 'string' },
    race: { type: 'string' },
    path: { type: 'string' },
  },
})

if (values.schedule !== undefined) await runOne(values.schedule)
else if (values.store !== undefined) await runStore(values.store)
else if (values.breaks) await runBreaks()
else await runThrees()

async function runOne(schedule: string): Promise<void> {
  const broken = await replay(schedule, () => memoryStore(), console.log)
  console.log(broken ?? 'every promise is kept')
  process.exitCode = broken === undefined ? 0 : 1
}

async function runThrees(): Promise<void> {
  const started = performance.now()
  let [orders, runs, broken] = [0n, 0, 0]
  const races = racesOf(DEEDS, 3)
  for (const [index, deeds] of races.entries()) {
    try {
      const explored = await exploreRace(deeds, () => memoryStore())
      orders += explored.orders
      runs += explored.runs
    } catch (error) {
      broken += 1
      console.log(`✖ ${error instanceof Error ? error.message : String(error)}`)
    }
    if (index % 50 === 49) console.log(`${index + 1} of ${races.length} races, ${orders} orders (${seconds(started)})`)
  }
  console.log(
    `${races.length} races of three, ${orders} orders shown by ${runs} runs, ${broken} broken (${seconds(started)})`,
  )
  process.exitCode = broken === 0 ? 0 : 1
}

async function runStore(given: string): Promise<void> {
  const [runs, seed, started] = [
    Number(values.runs),
    seedOf(values.seed ?? String(Date.now() % 100_000)),
    performance.now(),
  ]
  const place = await places[given]?.()
  const url = place?.url ?? given
  const handles = [await openStore(url), await openStore(url)]
  try {
    const only = values.race === undefined ? undefined : Number(values.race)
    const calls = values.path === undefined ? await sampleRaces(handles, { seed, runs, only }) : 0
    console.log(`${given}, seed ${seed}: ${runs} races, ${calls} store calls (${seconds(started)})`)
    const requests = only === undefined ? await runModel(handles, { seed, runs, path: values.path }) : 0
    console.log(`${given}, seed ${seed}: ${runs} sequences of the model, ${requests} requests (${seconds(started)})`)
  } catch (error) {
    console.log(`✖ seed ${seed}: ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = 1
  } finally {
    for (const handle of handles) await handle.close?.()
    await place?.stop()
  }
}

async function runBreaks(): Promise<void> {
  const started = performance.now()
  let noticed = 0
  const races = [...racesOf(DEEDS, 2), ['visit', 'regenerate', 'renew'] as const]
  for (const each of breaks) {
    const shown = await shownBy(each, races)
    if (shown !== undefined) noticed += 1
    console.log(
      `${shown === undefined ? '·' : '✔'} ${each.name}${shown === undefined ? '' : `: ${shown.replace('\n', ',')}`}`,
    )
  }
  console.log(`${noticed} of ${breaks.length} breaks are noticed (${seconds(started)})`)
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(0)} s`
}
