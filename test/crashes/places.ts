/** Where writers are killed: how each place is opened, and what a dead process may have left there. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Duration } from '../../src/options/duration.ts'
import type { Store } from '../../src/store.ts'
import { holderOf, parseOwner } from '../../src/stores/file-owner.ts'
import { fileStore } from '../../src/stores/file.ts'
import { sqliteStore } from '../../src/stores/sqlite.ts'
import { traces } from '../fixtures/file-harness.ts'

/** A place that needs no server, so that nothing but the processes themselves can clean up. */
export interface Place {
  /** With `busyTimeout`, how long SQLite's writers wait for each other; its own default is five seconds. */
  open(directory: string, busyTimeout?: Duration): Store
  /** The locks that bear the name of a process. */
  locksOf(directory: string, pid: number): string[]
  /** Everything else that does. */
  othersOf(directory: string, pid: number): string[]
  /** Throws unless the place itself is in order, while others are at work in it. */
  checkWhole(directory: string): void
  /** What there is beside records once every process has ended and the last one has closed. */
  leftAtEnd(directory: string): string[]
}

export type PlaceName = 'file' | 'sqlite'

const SQLITE_FILE = 'sessions.db'

export const places: Readonly<Record<PlaceName, Place>> = {
  file: {
    open: (directory) => fileStore(directory),
    locksOf: (directory, pid) =>
      namesIn(directory).filter((name) => {
        const holder = name.endsWith('.lock') ? holderOf(join(directory, name)) : null
        assert.notEqual(holder, 'unreadable', `${name} does not say whose it is`)
        return holder !== null && holder !== 'unreadable' && holder.pid === pid
      }),
    othersOf: (directory, pid) =>
      namesIn(directory).filter((name) => name.split('/').some((part) => pidIn(part) === pid)),
    // Every record is read by those who know what must be in it.
    checkWhole: () => undefined,
    leftAtEnd: traces,
  },
  sqlite: {
    open: (directory, busyTimeout = '5s') => sqliteStore(join(directory, SQLITE_FILE), { busyTimeout }),
    // SQLite's locks are the kernel's and bear no name: that none stays is seen by writing.
    locksOf: () => [],
    othersOf: () => [],
    checkWhole(directory) {
      const database = new DatabaseSync(join(directory, SQLITE_FILE), { timeout: 10_000 })
      assert.deepEqual({ ...database.prepare('PRAGMA integrity_check').get() }, { integrity_check: 'ok' })
      database.close()
    },
    // The last one to close moves the write-ahead log into the database and removes it.
    leftAtEnd: (directory) => namesIn(directory).filter((name) => name !== SQLITE_FILE),
  },
}

function namesIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
}

/** Identity files, their probes, records being written and prepared tokens are all named after their owner. */
function pidIn(name: string): number | undefined {
  return parseOwner(name.replace(/^\.breaker-/, '').replace(/(\.probe|\.\d+\.tmp)$/, ''))?.pid
}
