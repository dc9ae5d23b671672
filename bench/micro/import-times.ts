import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { median } from '../http/statistics.ts'

const root = join(import.meta.dirname, '..', '..')
const PROCESSES = 5

/** Milliseconds of the first import of each entry, each time in a fresh process; `a + b` imports both. */
export function importTimes(entries: readonly string[]): Map<string, number> {
  const times = new Map<string, number[]>(entries.map((entry) => [entry, []]))
  for (let turn = 0; turn < PROCESSES; turn += 1)
    for (const [entry, own] of times)
      own.push(importOnce(entry.replace('sealing', 'coatcheck/stores/cookie').split(' + ')))
  return new Map([...times].map(([entry, own]) => [entry, median(own)]))
}

function importOnce(entries: readonly string[]): number {
  const program = `
    const begin = performance.now()
    for (const entry of ${JSON.stringify(entries)}) await import(entry)
    console.log(performance.now() - begin)
    process.exit()`
  return Number(execFileSync(process.execPath, ['--input-type=module', '-e', program], { cwd: root, encoding: 'utf8' }))
}
