/**
 * `npm run proof`: every order of three requests at once on the memory store, a line for each kind of request.
 *
 * - `-- --schedule write+destroy@011001` runs one order and says what it breaks, if anything.
 * - `-- --breaks` explores every core of `breaks-core.ts`, and says which of them pairs and threes of requests notice.
 */
import { parseArgs } from 'node:util'
import { memoryStore } from '../src/stores/memory.ts'
import { shownBy } from '../test/proof/broken-core.ts'
import { exploreRace, racesOf, replay } from '../test/proof/explore.ts'
import { DEEDS } from '../test/proof/race.ts'
import { breaks } from './breaks-core.ts'

const { values } = parseArgs({ options: { schedule: { type: 'string' }, breaks: { type: 'boolean', default: false } } })

if (values.schedule !== undefined) await runOne(values.schedule)
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
