/**
 * `npm run crowd`: ten processes with a thousand visitors each on a store at once, then nobody; one store after another. For each store one
 * line: sessions kept of those acknowledged, how many records the server's own tool counts, and how long after the
 * last deadline all of them were gone while one idle process ran its sweeper.
 *
 * `npm run crowd -- redis postgres` for some of the stores.
 */
import { spawn } from 'node:child_process'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { places } from '../test/processes/places.ts'
import type { Place } from '../test/processes/places.ts'

const PROCESSES = 10
const SESSIONS = 1000
/** Where ten thousand visitors do not take longer than that. */
const LIFETIME_S = 60

/** The idle process sweeps every two seconds on average, three at most; a batch and a slow machine come on top. */
const GONE_WITHIN_S = 10

const wanted = process.argv.slice(2)
for (const name of wanted)
  if (!(name in places)) throw new Error(`no store ${name}; there are ${Object.keys(places).join(', ')}`)

console.log(`${PROCESSES} processes x ${SESSIONS} sessions, each made, changed and read back`)
let failed = false
for (const [name, open] of Object.entries(places)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const place = await open()
  try {
    const { line, ok } = await crowd(place)
    failed ||= !ok
    console.log(`${ok ? 'ok  ' : 'FAIL'} ${name}: ${line}`)
  } finally {
    await place.stop()
  }
}
process.exitCode = failed ? 1 : 0

async function crowd(place: Place): Promise<{ readonly line: string; readonly ok: boolean }> {
  const { lifetimeS = LIFETIME_S } = place
  const members = Array.from({ length: PROCESSES }, () => member(place.url, SESSIONS, lifetimeS))
  await Promise.all(members.map(({ told }) => told('ready')))
  const started = performance.now()
  for (const { child } of members) child.stdin.write('go\n')
  const kept = await Promise.all(members.map(async ({ told }) => Number((await told('kept')).split(' ')[1])))
  const lastVisit = performance.now()
  await Promise.all(members.map(({ ended }) => ended))
  const total = kept.reduce((sum, one) => sum + one, 0)
  const stored = await place.count()
  const parts = [
    `lifetime ${lifetimeS} s, kept ${total} of ${PROCESSES * SESSIONS} in ${((lastVisit - started) / 1000).toFixed(1)} s`,
    `${stored ?? 'not countable'} records stored`,
  ]
  const whole = total === PROCESSES * SESSIONS && (stored ?? total) === total
  if (stored === undefined) return { line: parts.join(', '), ok: whole }

  const idle = member(place.url, 0, lifetimeS)
  await idle.told('ready')
  idle.child.stdin.write('stay\n')
  const deadline = lastVisit + lifetimeS * 1000
  const slack = (place.skewS ?? 0) + GONE_WITHIN_S
  let left = stored
  while (left > 0 && performance.now() < deadline + slack * 1000) {
    await new Promise((resolve) => setTimeout(resolve, 250))
    left = (await place.count()) ?? 0
  }
  const goneAfter = (performance.now() - deadline) / 1000
  idle.child.stdin.end()
  await idle.ended
  parts.push(left > 0 ? `${left} left` : `all gone ${goneAfter.toFixed(1)} s after the last deadline`)
  return { line: parts.join(', '), ok: whole && left === 0 }
}

interface Member {
  readonly child: ChildProcessWithoutNullStreams
  readonly ended: Promise<unknown>
  /** The next line that begins with a word. */
  readonly told: (word: string) => Promise<string>
}

function member(url: string, sessions: number, lifetimeS: number): Member {
  const fixture = new URL('../test/fixtures/crowd-member.ts', import.meta.url).pathname
  const child = spawn(process.execPath, ['--conditions=coatcheck-source', fixture, url, `${sessions}`, `${lifetimeS}s`])
  child.stderr.pipe(process.stderr)
  const lines: string[] = []
  const waiting = new Set<() => void>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line)
    for (const look of waiting) look()
  })
  return {
    child,
    ended: once(child, 'exit'),
    told: (word) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const line = lines.find((each) => each.startsWith(word))
          if (line === undefined) return
          waiting.delete(look)
          resolve(line)
        }
        waiting.add(look)
        child.once('exit', (code) => {
          look()
          reject(new Error(`a process ended with ${code} before it said ${word}`))
        })
        look()
      }),
  }
}
