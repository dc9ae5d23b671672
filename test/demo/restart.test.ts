import assert from 'node:assert/strict'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, suite, test } from 'node:test'
import { killDemos, recordsIn, startDemo, temporaryFolder } from './demo-process.ts'
import { lastUploadOn, linesOn, visitor } from './visitor.ts'

suite('demo: what outlives what', () => {
  let folder: ReturnType<typeof temporaryFolder>
  beforeEach(() => {
    folder = temporaryFolder()
  })
  afterEach(() => {
    killDemos()
    folder.remove()
  })

  test('a visitor finds their lines again after a restart, and nobody else finds them', async () => {
    const first = await startDemo({ SESSION_STORE: `file:${folder.path}` })
    const someone = visitor(first.url)
    await someone.upload('  kept\n', 'mine.txt')
    assert.equal(await first.stop(), 0)
    assert.equal(first.stderr(), '')

    const second = await startDemo({ SESSION_STORE: `file:${folder.path}` })
    const back = visitor(second.url, someone.cookie())
    assert.equal(lastUploadOn(await back.get('/'))?.name, 'mine.txt')
    assert.deepEqual(linesOn(await back.get('/upload')), ['  kept'])

    const other = visitor(second.url)
    assert.equal(lastUploadOn(await other.get('/')), undefined)
    assert.equal((await other.get('/upload')).status, 404)
    await other.upload('theirs\n', 'theirs.txt')
    assert.deepEqual(linesOn(await other.get('/upload')), ['theirs'])
    assert.deepEqual(linesOn(await back.get('/upload')), ['  kept'])
    assert.equal(recordsIn(folder.path), 2)
    assert.equal(await second.stop(), 0)
  })

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    test(`${signal} lets uploads under way finish, and keeps them`, async () => {
      const demo = await startDemo({ SESSION_STORE: `file:${folder.path}` })
      const early = await uploadUnderWay(demo.url)
      const { sending, answer } = await uploadUnderWay(demo.url)
      demo.signal(signal)
      await untilRefused(demo.url)
      // npm passes on the signal that the terminal has given already. Once the first upload is answered, the second
      // signal has been heard too.
      demo.signal(signal)
      early.sending.end('first\r\n--b--\r\n')
      assert.equal((await early.answer).statusCode, 303)
      sending.end('last words\r\n--b--\r\n')
      const { statusCode, headers } = await answer
      assert.equal(statusCode, 303)
      assert.equal(await demo.ended, 0)

      const next = await startDemo({ SESSION_STORE: `file:${folder.path}` })
      const back = visitor(next.url, headers['set-cookie']?.[0]?.split(';')[0])
      assert.deepEqual(linesOn(await back.get('/upload')), ['last words'])
      await next.stop()
    })
  }

  test('a request that never ends does not keep the server from stopping', async () => {
    const demo = await startDemo({ SESSION_STORE: `file:${folder.path}` })
    const { answer } = await uploadUnderWay(demo.url)
    demo.signal('SIGTERM')
    await assert.rejects(answer)
    assert.equal(await demo.ended, 0)
    assert.equal(demo.stderr(), '')
  })

  test('a store that fails is said to be failing, costs nobody their cookie, and is in the log', async () => {
    const demo = await startDemo({ SESSION_STORE: `file:${folder.path}` })
    const someone = visitor(demo.url)
    await someone.upload('kept\n')
    // A file where the folder was: every read and write fails, also for root.
    rmSync(folder.path, { recursive: true })
    writeFileSync(folder.path, '')
    const failures = [
      ['reading', await someone.get('/')],
      ['saving', await visitor(demo.url).upload('lost\n')],
    ] as const
    for (const [what, page] of failures) {
      assert.equal(page.status, 503, what)
      assert.match(page.html, /Your session cannot be read or saved just now/, what)
      assert.deepEqual(page.headers.getSetCookie(), [], what)
    }
    assert.match(demo.stderr(), /store_failed/)
    await demo.stop()
  })

  test('SESSION_STORE=memory: keeps an upload as long as the process lives', async () => {
    const demo = await startDemo({ SESSION_STORE: 'memory:' })
    const someone = visitor(demo.url)
    await someone.upload('short-lived\n')
    assert.deepEqual(linesOn(await someone.get('/upload')), ['short-lived'])
    await demo.stop()
  })

  test('stores in .sessions of the working directory when nothing is said', async () => {
    const demo = await startDemo({}, folder.path)
    await visitor(demo.url).upload('x')
    assert.equal(recordsIn(join(folder.path, '.sessions')), 1)
    await demo.stop()
  })
})

/** An upload that the server has begun to receive, and that waits for its end. */
async function uploadUnderWay(url: string): Promise<{
  sending: ReturnType<typeof request>
  answer: Promise<IncomingMessage>
}> {
  const headers = { 'content-type': 'multipart/form-data; boundary=b', expect: '100-continue' }
  const sending = request(new URL('/upload', url), { method: 'POST', headers })
  sending.write('--b\r\nContent-Disposition: form-data; name="file"; filename="slow.txt"\r\n\r\n')
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    sending.on('response', (response) => resolve(response.resume()))
    sending.on('error', reject)
  })
  answer.catch(() => undefined) // looked at later
  await once(sending, 'continue')
  return { sending, answer }
}

/** Wait until nobody listens any more. */
async function untilRefused(url: string): Promise<void> {
  const { hostname, port } = new URL(url)
  for (;;) {
    const socket = connect(Number(port), hostname)
    try {
      await once(socket, 'connect')
    } catch {
      return
    } finally {
      socket.destroy()
    }
  }
}
