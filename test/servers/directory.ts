/** Throwaway folders for servers: named after the process that owns them, so that what a killed one left can go. */
import { chownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isAlive, type Account } from './processes.ts'

const PREFIX = 'coatcheck-server-'

/** A fresh folder that belongs to `account`. Also removes those of processes that no longer run. */
export function serverDirectory(account: Account | null): string {
  removeAbandoned()
  const directory = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`))
  if (account !== null) chownSync(directory, account.uid, account.gid)
  return directory
}

/** A server that was killed a moment ago may still be seen writing, hence the retries. */
export function removeDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 25 })
}

function removeAbandoned(): void {
  for (const name of readdirSync(tmpdir())) {
    if (!name.startsWith(PREFIX)) continue
    const owner = Number(name.slice(PREFIX.length).split('-')[0])
    if (Number.isInteger(owner) && !isAlive(owner)) removeDirectory(join(tmpdir(), name))
  }
}
