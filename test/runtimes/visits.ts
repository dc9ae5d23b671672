/** Visits to the application of `project/worker-shop.ts`, over real connections. */
import assert from 'node:assert/strict'
import { runParts } from './project/run-parts.ts'
import type { PartResult } from './project/run-parts.ts'

interface Answer {
  readonly status: number
  readonly body: string
  readonly headers: Headers
  /** Whether it sets a cookie. */
  readonly sets: boolean
}

interface Visitor {
  cookie: string
  get(page: string, signal?: AbortSignal): Promise<Answer>
}

/** Run every visit on both applications of a worker. */
export async function visitsOf(url: string): Promise<PartResult[]> {
  const results: PartResult[] = []
  const parts = {
    'worker, memory': casesOf({ ...visits, ...inMemory }, `${url}/memory`),
    'worker, slow store': casesOf(inSlowMemory, `${url}/slow`),
    'worker, cookie': casesOf({ ...visits, ...inCookies }, `${url}/cookie`),
  }
  await runParts(parts, [], (line) => {
    const told: PartResult | { ended: number } = JSON.parse(line)
    if ('part' in told) results.push(told)
  })
  return results
}

type Visit = (ada: Visitor, url: string) => Promise<void>

function casesOf(
  all: Readonly<Record<string, Visit>>,
  url: string,
): { readonly name: string; readonly run: () => Promise<void> }[] {
  return Object.entries(all).map(([name, visit]) => ({ name, run: () => visit(visitor(url), url) }))
}

/** What holds wherever the session is kept. */
const visits: Readonly<Record<string, Visit>> = {
  'P1 a page that needs no session sets no cookie': async (ada) => {
    const { sets, body, headers } = await ada.get('static')
    assert.deepEqual([sets, body, headers.get('vary')], [false, 'no session needed', null])
  },
  'what one request puts in, the next one takes out, and another visitor does not see': async (ada, url) => {
    assert.equal((await ada.get('count')).sets, true)
    assert.equal((await ada.get('count')).body, '2')
    const read = await ada.get('read')
    assert.deepEqual([read.body, read.sets, read.headers.get('vary')], ['{"count":2}', false, 'Cookie'])
    assert.equal((await visitor(url).get('read')).body, '{}')
  },
  'P4 a redirect carries the session of a login': async (ada) => {
    await ada.get('count')
    const before = ada.cookie
    const { status, headers, sets } = await ada.get('login')
    assert.deepEqual([status, headers.get('location')?.endsWith('/read'), sets], [303, true, true])
    assert.notEqual(ada.cookie, before)
    assert.equal((await ada.get('read')).body, '{"user":"ada"}')
  },
  'P4 a stream begins once the session is saved': async (ada) => {
    assert.equal((await ada.get('stream')).body, 'one two three')
    assert.equal((await ada.get('read')).body, '{"count":100}')
  },
  'a handler that throws is a 500, its data changes are dropped': async (ada) => {
    await ada.get('count')
    const { status, sets } = await ada.get('throw')
    assert.deepEqual([status, sets], [500, false])
    assert.equal((await ada.get('read')).body, '{"count":1}')
  },
  'a logout deletes the cookie': async (ada) => {
    await ada.get('count')
    await ada.get('logout')
    assert.equal(ada.cookie, '')
    assert.equal((await ada.get('read')).body, '{}')
  },
}

/** What only a record on the server can do. */
const inMemory: Readonly<Record<string, Visit>> = {
  'P2 a hundred update() at once count a hundred': async (ada) => {
    await ada.get('count')
    const { cookie } = ada
    const answers = await Promise.all(Array.from({ length: 100 }, () => ada.get('atomic')))
    assert.equal(answers.filter(({ status }) => status === 200).length, 100)
    assert.equal(ada.cookie, cookie)
    assert.equal((await ada.get('read')).body, '{"count":101}')
  },
  'P3 after a logout the old cookie opens nothing': async (ada, url) => {
    await ada.get('login')
    const thief = visitor(url)
    thief.cookie = ada.cookie
    assert.equal((await thief.get('read')).body, '{"user":"ada"}')
    await ada.get('logout')
    assert.equal((await thief.get('read')).body, '{}')
  },
}

/** A store that takes 20 ms to write. */
const inSlowMemory: Readonly<Record<string, Visit>> = {
  'P11 a visitor who goes away in the middle holds nobody up': async (ada) => {
    await ada.get('count')
    for (let n = 0; n < 10; n++) {
      const gone = new AbortController()
      const leaving = ada.get('atomic', gone.signal).catch(() => undefined)
      // Less than the write takes.
      await new Promise((resolve) => setTimeout(resolve, 5))
      gone.abort()
      await leaving
    }
    assert.equal((await ada.get('atomic')).body, 'counted')
  },
}

const inCookies: Readonly<Record<string, Visit>> = {
  'P5 a cookie that was changed opens nothing': async (ada) => {
    await ada.get('count')
    ada.cookie = `${ada.cookie.slice(0, -2)}${ada.cookie.endsWith('AA') ? 'BB' : 'AA'}`
    assert.equal((await ada.get('read')).body, '{}')
  },
}

function visitor(url: string): Visitor {
  return {
    cookie: '',
    async get(page, signal = AbortSignal.timeout(15_000)) {
      const options: RequestInit = { redirect: 'manual', signal, headers: { cookie: this.cookie } }
      const response = await fetch(`${url}/${page}`, options)
      const [cookie] = response.headers.getSetCookie().map((line) => line.slice(0, line.indexOf(';')))
      if (cookie !== undefined) this.cookie = cookie.endsWith('=') ? '' : cookie
      const { status, headers } = response
      return { status, headers, body: await response.text(), sets: cookie !== undefined }
    },
  }
}
