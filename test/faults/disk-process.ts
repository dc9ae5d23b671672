/** The process that has the small disk, its visitors included. It ends with one line: the outcome. */
import { execFileSync } from 'node:child_process'
import { appendFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { meet, whileFailing } from './fault.ts'
import type { RunOptions } from './fault.ts'
import type { Watch } from './load.ts'

/** What the process is asked for. */
export interface DiskRun extends RunOptions {
  readonly store: 'file' | 'sqlite'
  readonly name: 'full' | 'readonly'
  readonly directory: string
}

const run: DiskRun = JSON.parse(process.argv[2] ?? '{}')
const { directory } = run
const ballast = join(directory, 'ballast')

execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'none', directory])
const url = run.store === 'file' ? `file:${join(directory, 'sessions')}` : `sqlite:${join(directory, 'sessions.db')}`
const outcome = await meet(url, run, run.name === 'full' ? beFull : beReadOnly)
process.stdout.write(`${JSON.stringify(outcome)}\n`)

/** What visitors give back meanwhile is taken, too. */
async function beFull(watch: Watch): Promise<void> {
  await whileFailing(watch, () => {
    fill()
    return delay(5)
  })
  rmSync(ballast)
}

function fill(): void {
  for (let size = 65_536; size >= 512;)
    try {
      appendFileSync(ballast, Buffer.alloc(size))
    } catch (error) {
      if (Object(error).code !== 'ENOSPC') throw error
      size /= 2
    }
}

async function beReadOnly(watch: Watch): Promise<void> {
  // Not while a record is being written: the kernel says that it is busy.
  for (let done = false; !done; await delay(1)) done = remounted('ro')
  await watch.failures(6)
  remounted('rw')
}

function remounted(how: 'ro' | 'rw'): boolean {
  try {
    execFileSync('mount', ['-o', `remount,${how}`, directory], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
