import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import BetterSqlite3 from 'better-sqlite3'
import { sqliteStore } from '../../src/stores/sqlite.ts'
import { runStoreCases, storeCases } from '../../src/testing/index.ts'
import { assertNoTokens, keepFolder } from '../tokens/watch.ts'
import { casesOfOtherSetups } from './other-setups.ts'

const clients = {
  'sqlite, by file name: ': (file: string) => ({ database: file, close: () => {} }),
  'sqlite, node:sqlite: ': (file: string) => closing(new DatabaseSync(file)),
  'sqlite, better-sqlite3: ': (file: string) => closing(new BetterSqlite3(file)),
}

for (const [position, [label, connect]] of Object.entries(clients).entries())
  runStoreCases({
    test,
    cases: position === 0 ? storeCases : casesOfOtherSetups,
    label,
    async open(clock) {
      const directory = await mkdtemp(join(tmpdir(), 'coatcheck-sqlite-'))
      const opened: { close(): void }[] = []
      const open = () => {
        const client = connect(join(directory, 'sessions.db'))
        opened.push(client)
        return sqliteStore(client.database, { clock })
      }
      const dispose = async () => {
        for (const client of opened) client.close()
        keepFolder(directory)
        await rm(directory, { recursive: true })
      }
      return { store: open(), second: async () => open(), dispose }
    },
  })

function closing<Database extends { close(): unknown; exec(sql: string): unknown }>(database: Database) {
  // The cases lose no power: waiting for the disk at every write would take them a minute.
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF')
  return { database, close: () => void database.close() }
}

test('P6 no token of all these is in any file, an event or an error', (context) => {
  context.diagnostic(assertNoTokens({ tokens: 100, bytes: 1_000_000 }))
})
