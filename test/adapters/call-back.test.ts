/** What a callback throws is the application's own exception, as with any callback of Node. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

const CALL_BACK = pathToFileURL(join(import.meta.dirname, '../../src/adapters/call-back.ts')).href

// In a process of its own: the test runner takes every uncaught exception for a failed test.
const PROGRAM = `
import { callBack } from ${JSON.stringify(CALL_BACK)}
const origins = []
process.on('uncaughtException', (error, origin) => origins.push([error.message, origin]))
process.on('unhandledRejection', (error) => origins.push([error.message, 'unhandledRejection']))
const given = []
const throwing = (word) => (...args) => {
  given.push(args.map(String))
  throw new Error(word)
}
callBack(Promise.resolve(), throwing('after success'))
callBack(Promise.reject(new Error('failed')), throwing('after failure'))
setImmediate(() => process.stdout.write(JSON.stringify({ given, origins })))
`

test('what a callback throws is an uncaught exception, and not a rejection; it is called once', async () => {
  const run = promisify(execFile)
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', PROGRAM])
  assert.deepEqual(JSON.parse(stdout), {
    given: [[], ['Error: failed']],
    origins: [
      ['after success', 'uncaughtException'],
      ['after failure', 'uncaughtException'],
    ],
  })
})
