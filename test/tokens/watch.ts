/** Every token that this process issues, and everything it tells meanwhile. */
import assert from 'node:assert/strict'
import { subscribe } from 'node:diagnostics_channel'
import { globSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { SessionError } from '../../src/errors.ts'
import { eventNames } from '../core/event-names.ts'
import { needlesOf } from './needles.ts'
import { searchFor } from './search.ts'

/** What 32 random bytes are drawn for: tokens, and the key that names sessions in logs. */
const SECRET_BYTES = 32
/** Tokens are drawn by the dozen. */
const SECRETS_AT_ONCE = [1, 64]

const secrets: Uint8Array[] = []
const haystacks: { readonly name: string; readonly bytes: Uint8Array }[] = []
const told: string[] = []
const counts = { events: 0, errors: 0 }

/** What stands in for `Error` above `SessionError`: `super()` asks for it each time. */
class RecordedError extends Error {
  constructor(message?: string, options?: ErrorOptions) {
    super(message, options)
    counts.errors += 1
    // Its code is set a moment later; its causes are what clients say, down to the statement that failed.
    tell(this)
  }
}

watch()

/** Keep something to be searched: the bytes of a dump, or a text. */
export function keep(name: string, what: Uint8Array | string): void {
  haystacks.push({ name, bytes: typeof what === 'string' ? Buffer.from(what) : what })
}

/** Keep the name and the content of every file in a folder, of those changed since `since` (Unix ms). */
export function keepFolder(folder: string, since = 0): void {
  for (const name of globSync('**', { cwd: folder })) {
    const file = join(folder, name)
    // A server at work removes files of its own.
    const found = statSync(file, { throwIfNoEntry: false })
    if (found === undefined || !found.isFile() || found.mtimeMs < since) continue
    keep('the name of a file', name)
    keep(name, readFileSync(file))
  }
}

/**
 * Fails when any secret drawn so far is in what was kept, or in an event, error or warning of this process; or
 * when there is so little of either that the search would say nothing. Answers what was searched for and through.
 */
export function assertNoTokens(least: { readonly tokens: number; readonly bytes: number }): string {
  keep('events, errors and warnings', told.join('\n'))
  const bytes = haystacks.reduce((sum, each) => sum + each.bytes.length, 0)
  const summary = `${secrets.length} secrets in ${bytes} bytes, ${counts.events} events and ${counts.errors} errors`
  assert.ok(secrets.length >= least.tokens && bytes >= least.bytes, `too few: ${summary}`)
  assert.ok(counts.events > 0 && counts.errors > 0, `too few: ${summary}`)
  const search = searchFor(secrets.flatMap((drawn, n) => needlesOf(drawn, `secret ${n + 1}`)))
  const found = haystacks.flatMap(({ name, bytes: hay }) => search(hay).map((each) => `${each.name}, in ${name}`))
  assert.deepEqual(found.slice(0, 10), [], summary)
  return summary
}

/** From the first import on, which must come before anything that draws. */
function watch(): void {
  const draw = crypto.getRandomValues.bind(crypto)
  crypto.getRandomValues = (array) => {
    draw(array)
    if (array instanceof Uint8Array && SECRETS_AT_ONCE.includes(array.length / SECRET_BYTES))
      for (let at = 0; at < array.length; at += SECRET_BYTES) secrets.push(array.slice(at, at + SECRET_BYTES))
    return array
  }
  for (const name of eventNames)
    subscribe(`coatcheck:${name}`, (event) => {
      counts.events += 1
      tell(event)
    })
  Object.setPrototypeOf(SessionError, RecordedError)
  process.on('warning', tell)
}

/** Hidden properties and causes included. */
function tell(what: unknown): void {
  told.push(inspect(what, { showHidden: true, depth: 6, maxStringLength: 100_000, breakLength: Infinity }))
}
