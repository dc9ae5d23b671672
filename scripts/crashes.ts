/**
 * `npm run crashes -- --kills 1000`: writers on one folder of files, then on one SQLite database, each killed with
 * `kill -9` at a random instant, some stopped and continued before; half of the kills on each. After every kill the
 * place is checked. Ends at the first thing that does not hold, with the seed.
 *
 * `--kills N` (default 1000), `--seed S` (default: drawn, and printed), `--writers W` at a time (default 3),
 * `--minutes M`: begin no more processes after that time, and say how many were killed.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type KillReport, killWriters } from '../test/crashes/kills.ts'
import { type PlaceName, places } from '../test/crashes/places.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '1000' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
    writers: { type: 'string', default: '3' },
    minutes: { type: 'string', default: '600' },
  },
})
const [kills, seed, writers, minutes] = [whole('kills'), whole('seed'), whole('writers'), whole('minutes')]
const names = Object.keys(places) as PlaceName[]

console.log(`${kills} kills, ${writers} writers at a time, seed ${seed}, Node ${process.version}`)
let total = 0
for (const place of names) {
  const directory = mkdtempSync(join(tmpdir(), 'coatcheck-crashes-'))
  const started = performance.now()
  const seconds = (): number => (performance.now() - started) / 1000
  try {
    const report = await killWriters(directory, {
      place,
      kills: Math.ceil(kills / names.length),
      writers,
      seed,
      enough: () => seconds() > (minutes * 60) / names.length,
      onKill: (soFar) => {
        if (soFar.kills % 50 === 0) console.log(`     ${place}: ${soFar.kills} kills in ${seconds().toFixed(0)} s`)
      },
    })
    total += report.kills
    console.log(`ok   ${place}: ${inWords(report)}, in ${seconds().toFixed(0)} s`)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
console.log(`${total} kills: lost 0, resurrected 0, torn 0, stuck locks 0, left behind 0`)

function whole(option: keyof typeof values): number {
  const number = Number(values[option])
  if (!Number.isInteger(number) || number < 0)
    throw new Error(`--${option} takes a whole number, not ${values[option]}`)
  return number
}

function inWords(report: KillReport): string {
  return [
    `${report.kills} kills (${report.midWrite} in the middle of a change, ${report.midOpening} while opening)`,
    `${report.stops} stops`,
    `${report.acknowledged} acknowledged changes`,
    `${report.doneUntold} done but not acknowledged any more`,
    `${report.timeouts} timeouts beside a stopped process`,
    `found and removed ${report.locksLeft} locks and ${report.othersLeft} other traces of the dead`,
  ].join(', ')
}
