/** Runs every part on Node, Bun or Deno, one case after another, and prints one line of JSON for each. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileStore } from 'coatcheck/stores/file'
import { sqliteStore } from 'coatcheck/stores/sqlite'
import type { SqliteDatabase } from 'coatcheck/stores/sqlite'
import type { StoreSetup, TestClock } from 'coatcheck/testing'
import type { Store } from 'coatcheck'
import { listen } from './listen.ts'
import { partsEverywhere, storePart } from './parts.ts'
import { runParts } from './run-parts.ts'

interface ClosableDatabase extends SqliteDatabase {
  close(): void
}

const parts = {
  ...partsEverywhere(listen, { sockets: true }),
  file: storePart(inFolder((folder, clock) => fileStore(folder, { clock }))),
  'SQLite, node:sqlite': storePart(inFolder((folder, clock) => sqliteStore(join(folder, 'sessions.db'), { clock }))),
  ...('Bun' in globalThis && { 'SQLite, bun:sqlite': storePart(inFolder(await bunSqlite())) }),
}

await runParts(parts, process.argv.slice(2), (line) => console.log(line))
// Clients of the cases keep connections open for a while.
process.exit()

/** The store and a second handle in a folder of their own. */
function inFolder(openStore: (folder: string, clock: TestClock) => Store): StoreSetup {
  return {
    async open(clock) {
      const folder = await mkdtemp(join(tmpdir(), 'coatcheck-runtimes-'))
      return {
        store: openStore(folder, clock),
        second: async () => openStore(folder, clock),
        dispose: () => rm(folder, { recursive: true }),
      }
    },
  }
}

/** Bun's own driver, opened by the application. */
async function bunSqlite(): Promise<(folder: string, clock: TestClock) => Store> {
  const driver = 'bun:sqlite'
  const { Database }: { Database: new (file: string) => ClosableDatabase } = await import(driver)
  return (folder, clock) => {
    const database = new Database(join(folder, 'sessions.db'))
    // The cases lose no power: waiting for the disk at every write would take them a minute.
    database.exec('PRAGMA journal_mode = WAL')
    database.exec('PRAGMA synchronous = OFF')
    const store = sqliteStore(database, { clock })
    return {
      ...store,
      async close() {
        await store.close()
        database.close()
      },
    }
  }
}
