/** SIGTERM to a real server with requests under way: each is answered, and its session is there. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createSessions } from '../../src/index.ts'
import { fileStore } from '../../src/stores/file.ts'
import { codeBlocks, readPage } from '../markdown.ts'

const REQUESTS = 20
const PROCESS = join(import.meta.dirname, 'shutdown-process.ts')

test('a server that is told to end answers every request under way, and keeps every session', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'coatcheck-'))
  const args = ['--conditions=coatcheck-source', PROCESS, join(folder, 'sessions'), String(REQUESTS)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  t.after(() => {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true })
  })
  const [port] = await once(child, 'message')
  const asking = Array.from({ length: REQUESTS }, (_, n) => fetch(`http://127.0.0.1:${port}/user-${n}`))
  await once(child, 'message')
  child.kill('SIGTERM')
  const answers = await Promise.all(asking)
  assert.deepEqual(
    answers.map(({ status }) => status),
    answers.map(() => 200),
  )
  // A connection of its own: one that is kept alive is served until it is idle.
  const [refused] = await once(connect(Number(port), '127.0.0.1'), 'error').catch((error: unknown) => [error])
  assert.equal(Object(refused).code, 'ECONNREFUSED')
  const [code, signal] = await once(child, 'exit')
  assert.deepEqual({ code, signal }, { code: 0, signal: null })

  const sessions = createSessions<{ user?: string }>({
    store: fileStore(join(folder, 'sessions')),
    cookie: { secure: false },
    sweepEvery: false,
  })
  const users = await Promise.all(
    answers.map(async ({ headers }) => {
      const cookie = headers.getSetCookie()[0]?.split(';')[0]
      return (await sessions.open({ cookie, secure: false })).data.user
    }),
  )
  assert.deepEqual(
    users,
    users.map((_, n) => `user-${n}`),
  )
  await sessions.close()
})

test('the recipe of the documentation is the one that was run', () => {
  const recipe = readFileSync(PROCESS, 'utf8').split('// The recipe:\n')[1]
  assert.ok(recipe && codeBlocks(readPage('docs/outages.md')).some(({ code }) => code.includes(recipe.trim())))
})
