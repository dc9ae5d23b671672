/** Server-sent events: the head leaves once the session is saved, each event at once, and later changes by name. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import compression from 'compression'
import express from 'express'
import type { Response as ExpressResponse } from 'express'
import { session } from '../../src/adapters/express.ts'
import { createSessions } from '../../src/sessions.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { gatedStore } from '../../src/testing/gates.ts'
import { gate } from '../adapters/wire.ts'
import { browser, serve } from './browser.ts'

for (const compressed of ['', ', compressed before the session', ', compressed after the session']) {
  test(`server-sent events${compressed}: saved before the first, and on demand between them`, async (t) => {
    const gates = gatedStore(memoryStore())
    const sessions = createSessions<{ streams: number; last: number }>({
      store: gates.store,
      cookie: { secure: false },
      sweepEvery: false,
    })
    const late: string[] = []
    const told = gate<void>()
    sessions.on('late', ({ keys }) => {
      late.push(...keys)
      told.resolve()
    })
    const streaming = gate<ExpressResponse>()
    const app = express()
    if (compressed.includes('before')) app.use(compression())
    app.use(session(sessions))
    if (compressed.includes('after')) app.use(compression())
    app.get('/events', (req, res) => {
      const { data } = sessions.of(req)
      data.streams = (data.streams ?? 0) + 1
      res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
      res.flushHeaders()
      res.write('data: 1\n\n')
      if (compressed !== '') res.flush()
      streaming.resolve(res)
    })
    app.get('/', (req, res) => void res.json(sessions.of(req).data))
    const ada = browser(await serve(t, app))

    gates.hold('create')
    const asking = ada.fetch('/events')
    const hold = await gates.reached('create')
    assert.equal((await browser(ada.url).get('/')).body, '{}')
    assert.equal(ada.cookies.size, 0, 'no head before the save, though an answer to a later request came')
    hold.release()
    const response = await asking
    assert.match(response.headers.get('cache-control') ?? '', /private/)
    assert.deepEqual([...ada.cookies.keys()], ['id'])
    const reader = response.body?.getReader()
    const read = async (): Promise<string> => new TextDecoder().decode((await reader?.read())?.value)
    assert.equal(await read(), 'data: 1\n\n')
    assert.equal((await ada.get('/')).body, '{"streams":1}', 'while the stream is open')

    const res = await streaming.promise
    const current = sessions.of(res.req)
    current.data.last = 2
    await current.save()
    assert.equal((await ada.get('/')).body, '{"streams":1,"last":2}')
    current.data.last = 3
    res.end('data: 2\n\n')
    assert.equal(await read(), 'data: 2\n\n')
    await told.promise
    assert.deepEqual(late, ['last'], 'what nobody saved is named')
    assert.equal((await ada.get('/')).body, '{"streams":1,"last":2}')
  })
}
