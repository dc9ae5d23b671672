/**
 * One process that changes one record in a SQLite database and gets a signal in the middle of its transaction: a
 * trigger of its own connection sends it, when the row has changed and nothing is committed.
 */
import { writeSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { sqliteStore } from '../../src/stores/sqlite.ts'
import { LATER, NOW } from '../fixtures/file-harness.ts'

/** What the parent asks for. */
export interface StoppedJob {
  readonly file: string
  readonly id: string
  readonly verb: 'update' | 'touch' | 'delete'
  readonly signal: 'SIGKILL' | 'SIGSTOP'
}

const job: StoppedJob = JSON.parse(process.argv[2] ?? '{}')
const database = new DatabaseSync(job.file)
const store = sqliteStore(database)
const found = await store.read(job.id, NOW)

database.function('send_signal', () => {
  writeSync(1, 'signal\n')
  process.kill(process.pid, job.signal)
  // The signal may take effect a moment late, and a stopped process is continued.
  const until = job.signal === 'SIGKILL' ? Infinity : performance.now() + 50
  while (performance.now() < until);
  return 0
})
for (const event of ['UPDATE', 'DELETE'])
  database.exec(`CREATE TEMP TRIGGER on_${event} AFTER ${event} ON main.sessions BEGIN SELECT send_signal(); END`)

writeSync(1, `done ${await change()}\n`)
database.close()

/** Whether the store says that the change was made. */
async function change(): Promise<boolean> {
  if (job.verb === 'touch') return store.touch(job.id, LATER + 1000, NOW)
  if (job.verb === 'delete') return store.delete(job.id)
  const record = { payload: 'theirs', expiresAt: LATER }
  return typeof (await store.update(job.id, found?.version ?? '', record, NOW)) === 'object'
}
