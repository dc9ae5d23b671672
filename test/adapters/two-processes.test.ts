/** Two server processes on one folder of sessions, a browser talking to both by turns. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

interface Page {
  readonly status: number
  readonly body: string
  readonly cookie: string | undefined
}

type Get = (path: string, cookie?: string) => Promise<Page>

async function start(t: TestContext, framework: string, folder: string): Promise<Get> {
  const child = spawn(
    process.execPath,
    ['--conditions=coatcheck-source', join(import.meta.dirname, 'shop-process.ts'), framework, folder],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  )
  t.after(async () => {
    child.stdin.end()
    await once(child, 'exit')
  })
  const [line] = await once(child.stdout, 'data')
  const url = String(line).trim()
  return async (path, cookie) => {
    const response = await fetch(url + path, cookie === undefined ? {} : { headers: { cookie } })
    const [set] = response.headers.getSetCookie()
    return { status: response.status, body: await response.text(), cookie: set?.slice(0, set.indexOf(';')) }
  }
}

for (const framework of ['Express 5', 'node:http', 'fetch']) {
  test(`${framework}: two processes lose no update and revive no session`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'coatcheck-'))
    t.after(() => rm(folder, { recursive: true }))
    const [one, two] = await Promise.all([start(t, framework, folder), start(t, framework, folder)])
    const either = (n: number): Get => (n % 2 === 0 ? one : two)
    const { cookie } = await one('/set/first')
    assert(cookie)

    const set = await Promise.all(Array.from({ length: 50 }, (_, n) => either(n)(`/set/key${n}`, cookie)))
    const counted = await Promise.all(Array.from({ length: 100 }, (_, n) => either(n)('/count', cookie)))
    assert.deepEqual(new Set([...set, ...counted].map(({ status }) => status)), new Set([200]))
    const data: Record<string, unknown> = JSON.parse((await two('/read', cookie)).body)
    assert.equal(Object.keys(data).filter((key) => key.startsWith('key')).length, 50)
    assert.equal(data['count'], 100)

    const slow = two('/slow', cookie)
    await two('/begun')
    const login = await one('/login', cookie)
    assert(login.cookie !== undefined && login.cookie !== cookie)
    const late = await Promise.all(Array.from({ length: 10 }, (_, n) => either(n)(`/set/late${n}`, cookie)))
    await two('/go')
    assert.deepEqual(new Set([await slow, ...late].map((page) => page.cookie)), new Set([undefined]))
    assert.equal((await two('/read', login.cookie)).body, '{"user":"ada"}')
    assert.equal((await two('/read', cookie)).body, '{}')

    assert.equal((await two('/logout', login.cookie)).cookie, 'id=')
    assert.equal((await one('/read', login.cookie)).body, '{}')
  })
}
