/** Uploads through multer, while other requests of the visitor come and go. */
import assert from 'node:assert/strict'
import http from 'node:http'
import { once } from 'node:events'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import express from 'express'
import multer from 'multer'
import { session } from '../../src/adapters/express.ts'
import { createSessions } from '../../src/sessions.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { gate } from '../adapters/wire.ts'
import { browser, serve } from './browser.ts'
import type { Browser } from './browser.ts'

interface Data {
  upload: { name: string; bytes: Uint8Array }
  uploads: number
  visits: number
}

async function site(t: TestContext): Promise<{ readonly ada: Browser; readonly arrived: Promise<void> }> {
  const sessions = createSessions<Data>({ store: memoryStore(), cookie: { secure: false }, sweepEvery: false })
  const upload = multer({ storage: multer.memoryStorage(), limits: { fileSize: 1000 } })
  const arrived = gate<void>()
  const app = express()
  app.set('env', 'test')
  app.use(session(sessions))
  app.post(
    '/upload',
    (req, _res, next) => {
      sessions.of(req).data.uploads = (sessions.of(req).data.uploads ?? 0) + 1
      arrived.resolve()
      next()
    },
    upload.single('file'),
    (req, res) => {
      const { file } = req
      assert(file)
      sessions.of(req).data.upload = { name: file.originalname, bytes: new Uint8Array(file.buffer) }
      res.redirect('/')
    },
  )
  app.get('/visit', (req, res) => {
    const { data } = sessions.of(req)
    data.visits = (data.visits ?? 0) + 1
    res.send('ok')
  })
  app.get('/', (req, res) => {
    const { upload: kept, ...counts } = sessions.of(req).data
    res.json({ name: kept?.name ?? null, bytes: kept?.bytes.length ?? 0, ...counts })
  })
  return { ada: browser(await serve(t, app)), arrived: arrived.promise }
}

function form(size: number): FormData {
  const data = new FormData()
  data.set('file', new Blob([new Uint8Array(size)]), 'coat.txt')
  return data
}

test('multer: an upload and the session change after it are there when the redirect is followed', async (t) => {
  const { ada } = await site(t)
  const { status, headers } = await ada.get('/upload', { method: 'POST', body: form(900) })
  assert.deepEqual([status, headers.get('location')], [302, '/'])
  assert.equal((await ada.get('/')).body, '{"name":"coat.txt","bytes":900,"uploads":1}')
})

test('multer: a file over the limit is an error, and the session stays as it was', async (t) => {
  const { ada } = await site(t)
  await ada.get('/visit')
  assert.equal((await ada.get('/upload', { method: 'POST', body: form(2000) })).status, 500)
  assert.equal((await ada.get('/')).body, '{"name":null,"bytes":0,"visits":1}')
})

test('multer: what the visitor did during a slow upload is not lost by it', async (t) => {
  const { ada, arrived } = await site(t)
  await ada.get('/visit')
  const request = http.request(`${ada.url}/upload`, {
    method: 'POST',
    headers: { cookie: ada.cookie(), 'content-type': 'multipart/form-data; boundary=b' },
  })
  request.write('--b\r\ncontent-disposition: form-data; name="file"; filename="slow.txt"\r\n\r\nhalf')
  await arrived
  await ada.get('/visit')
  request.end(' and half\r\n--b--\r\n')
  const [response] = await once(request, 'response')
  response.resume()
  assert.equal(response.statusCode, 302)
  assert.equal((await ada.get('/')).body, '{"name":"slow.txt","bytes":13,"visits":2,"uploads":1}')
})
