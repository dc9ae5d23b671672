import { SessionError } from '../errors.ts'
import { builtin } from '../runtime/platform.ts'
import type { SqliteDatabase } from './sqlite.ts'

/** A database file that the store opened itself. */
export interface SqliteFile {
  readonly database: SqliteDatabase
  /** What must be done before the first statement, and may find the database locked: call it again then. */
  prepare(): void
  close(): void
}

/** Waiting inside the driver holds up every request of the process, so almost all waiting is done outside. */
const BUSY_TIMEOUT_MS = 2

/**
 * Open a file with `node:sqlite`, making it (mode 0600) and its folder (0700) when they are missing.
 * @throws SessionError `store_unusable`
 */
export function openSqliteFile(path: string, fsync: boolean): SqliteFile {
  const sqlite = builtin<typeof import('node:sqlite')>('node:sqlite')
  if (sqlite === undefined)
    throw new SessionError(
      'store_unusable',
      'sqliteStore(file) needs node:sqlite (Node 22.18 or later): give it an open database of better-sqlite3 instead',
    )
  const database = openDatabase(sqlite, path)
  let prepared = false
  let closed = false
  return {
    database,
    prepare() {
      if (closed) throw new SessionError('closed', `the SQLite store in ${path} was closed`)
      if (prepared) return
      // Readers and the writer do not wait for each other. SQLite keeps the mode in the file; a file system that
      // cannot have it (no shared memory) answers with another mode, and the store works in that.
      database.exec('PRAGMA journal_mode = WAL')
      database.exec(`PRAGMA synchronous = ${fsync ? 'FULL' : 'NORMAL'}`)
      prepared = true
    },
    close() {
      if (!closed) database.close()
      closed = true
    },
  }
}

function openDatabase(
  { DatabaseSync }: typeof import('node:sqlite'),
  path: string,
): import('node:sqlite').DatabaseSync {
  try {
    if (path !== ':memory:') makeFile(path)
    return new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new SessionError('store_unusable', `the SQLite file ${path} cannot be opened: ${reason}`, { cause: error })
  }
}

/** SQLite would make it readable for everybody; the files it adds beside it (-wal, -shm) take over its mode. */
function makeFile(path: string): void {
  const fs = builtin<typeof import('node:fs')>('node:fs')
  const paths = builtin<typeof import('node:path')>('node:path')
  if (fs === undefined || paths === undefined) return
  fs.mkdirSync(paths.dirname(path), { recursive: true, mode: 0o700 })
  fs.closeSync(fs.openSync(path, 'a', 0o600))
}
