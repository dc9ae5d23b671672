import type { Clock } from '../runtime/clock.ts'
import { SessionError } from '../errors.ts'
import type { SqlDialect } from './sql-dialect.ts'

/** The columns a statement names. */
const COLUMNS = ['id', 'version', 'expires_at', 'owner', 'payload']

/** How often a table that vanishes again and again is made before the error is passed on. */
const MAX_CREATIONS = 3

/** A cap that time normally sets: it only matters to a clock that stands still. */
const MAX_ATTEMPTS = 1000

/**
 * Runs one statement and mends what can be mended: a missing table, a deadlock, a locked database. Such a statement
 * has done nothing, so that running it again is safe; after any other error (a lost connection) nobody knows.
 */
export type SqlRunner = <Result>(statement: () => Promise<Result>) => Promise<Result>

/**
 * The runner for one dialect. A missing table is found out by the statement that fails for it, so that a database in
 * its normal state is never asked, and a table dropped under load is back after one failed statement.
 */
export function sqlRunner(dialect: SqlDialect, clock: Clock, patience: number): SqlRunner {
  let creating: Promise<void> | undefined

  /** Once for all calls that wait for it. */
  function createOnce(): Promise<void> {
    creating ??= create().finally(() => (creating = undefined))
    return creating
  }

  async function create(): Promise<void> {
    try {
      await dialect.create()
    } catch (error) {
      if (error instanceof SessionError || dialect.faultOf(error) === 'again') throw error
      // Another process, or a migration, may have been faster in a way the database calls an error.
      if (await exists()) return
      throw unusable(dialect, `could not be made (${reasonOf(error)})`, error)
    }
  }

  async function exists(): Promise<boolean> {
    return dialect.query(dialect.statements.probe('1'), []).then(
      () => true,
      () => false,
    )
  }

  async function missingColumns(): Promise<readonly string[]> {
    const missing = []
    for (const column of COLUMNS) {
      const fault = await dialect.query(dialect.statements.probe(`s.${column}`), []).then(
        () => undefined,
        (error: unknown) => dialect.faultOf(error),
      )
      if (fault === 'no-column') missing.push(column)
    }
    return missing
  }

  return async (statement) => {
    const giveUpAt = clock.now() + patience
    let creations = 0
    let missing = false
    for (let attempt = 1; ; attempt++) {
      try {
        if (missing) await createOnce()
        missing = false
        return await statement()
      } catch (error) {
        switch (dialect.faultOf(error)) {
          case 'no-table':
            if (!dialect.createTable) throw unusable(dialect, 'does not exist, and createTable is false', error)
            if (++creations > MAX_CREATIONS) throw error
            missing = true
            break
          case 'no-column':
            throw unusable(
              dialect,
              `is not a table of this version: it has no column ${(await missingColumns()).join(', ')}`,
              error,
            )
          case 'no-key':
            throw unusable(dialect, 'is not a table of this version: its column id is no primary key', error)
          case 'again':
            if (clock.now() >= giveUpAt || attempt >= MAX_ATTEMPTS) throw error
            // Random and growing, so that processes that collided once do not march in step.
            await clock.sleep(Math.random() * Math.min(2 ** attempt, 50))
            break
          default:
            throw error
        }
      }
    }
  }
}

function unusable({ server, table, schemaSql }: SqlDialect, problem: string, cause: unknown): SessionError {
  const mend = `Make it with this SQL, or name another table with the option table:\n${schemaSql}`
  return new SessionError('store_unusable', `the ${server} table ${table} ${problem}. ${mend}`, { cause })
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
