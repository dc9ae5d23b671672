import assert from 'node:assert/strict'
import http from 'node:http'
import { test } from 'node:test'
import { applyReply, nodeHeaders } from '../../src/adapters/headers.ts'
import type { Reply } from '../../src/request/reply.ts'

const COOKIE: Reply = { setCookie: ['id=1; Path=/'], varyCookie: true }
const USED: Reply = { setCookie: [], varyCookie: true }

/** What a header becomes, on a fetch Headers and on a Node response alike. */
function becomes(name: string, before: string | undefined, reply: Reply): string | null {
  const fetched = new Headers(before === undefined ? {} : { [name]: before })
  applyReply(fetched, reply)
  const res = new http.ServerResponse(new http.IncomingMessage(null as never))
  if (before !== undefined) res.setHeader(name, before)
  applyReply(nodeHeaders(res), reply)
  assert.equal(res.getHeader(name)?.toString() ?? null, fetched.get(name))
  return fetched.get(name)
}

test('Vary gains Cookie once, whatever is there', () => {
  assert.equal(becomes('vary', undefined, USED), 'Cookie')
  assert.equal(becomes('vary', '', USED), 'Cookie')
  assert.equal(becomes('vary', 'Accept-Encoding', USED), 'Accept-Encoding, Cookie')
  assert.equal(becomes('vary', 'accept-encoding,COOKIE', USED), 'accept-encoding,COOKIE')
  assert.equal(becomes('vary', 'X-Cookie', USED), 'X-Cookie, Cookie')
  assert.equal(becomes('vary', '*', USED), '*')
  assert.equal(becomes('vary', 'Accept', { setCookie: [], varyCookie: false }), 'Accept')
})

test('a response that sets a cookie is never left to shared caches', () => {
  for (const [before, after] of [
    [undefined, 'private, no-cache'],
    ['', 'private, no-cache'],
    ['public', 'private'],
    ['public, max-age=60', 'private, max-age=60'],
    ['max-age=60, s-maxage=600', 'private, max-age=60'],
    ['S-MaxAge=600, Public, must-revalidate', 'private, must-revalidate'],
    ['max-age=60', 'private, max-age=60'],
    ['no-cache', 'private, no-cache'],
    ['private, max-age=60', 'private, max-age=60'],
    ['Private, s-maxage=5', 'Private'],
    ['no-store', 'no-store'],
    ['no-store, public', 'no-store'],
    ['no-cache="Set-Cookie", max-age=5', 'private, no-cache="Set-Cookie", max-age=5'],
    ['private="x-a, x-b", max-age=5', 'private, private="x-a, x-b", max-age=5'],
    ['ext="public, s-maxage=1", max-age=5', 'private, ext="public, s-maxage=1", max-age=5'],
  ] as const) {
    assert.equal(becomes('cache-control', before, COOKIE), after, `from ${before}`)
  }
})

test('without a cookie Cache-Control is the application’s', () => {
  assert.equal(becomes('cache-control', undefined, USED), null)
  assert.equal(becomes('cache-control', 'public, max-age=60', USED), 'public, max-age=60')
})

test('other cookies of the response stay', () => {
  const headers = new Headers([['set-cookie', 'a=1']])
  applyReply(headers, { setCookie: ['id=1', 'id=2'], varyCookie: false })
  assert.deepEqual(headers.getSetCookie(), ['a=1', 'id=1', 'id=2'])

  for (const before of ['a=1', ['a=1']]) {
    const res = new http.ServerResponse(new http.IncomingMessage(null as never))
    res.setHeader('Set-Cookie', before)
    applyReply(nodeHeaders(res), { setCookie: ['id=1', 'id=2'], varyCookie: false })
    assert.deepEqual(res.getHeader('set-cookie'), ['a=1', 'id=1', 'id=2'])
  }
})

test('further headers are set where the application said nothing, and left alone where it did', () => {
  const ending: Reply = { ...COOKIE, headers: { 'clear-site-data': '"cache", "storage"' } }
  assert.equal(becomes('clear-site-data', undefined, ending), '"cache", "storage"')
  assert.equal(becomes('clear-site-data', '"executionContexts"', ending), '"executionContexts"')
  assert.equal(becomes('clear-site-data', undefined, COOKIE), null)
})

test('a header for content delivery networks, which goes before Cache-Control, does not let a cookie through', () => {
  assert.equal(becomes('cdn-cache-control', 'public, max-age=600', COOKIE), 'no-store')
  assert.equal(becomes('cdn-cache-control', 'public, max-age=600', USED), 'public, max-age=600')
  assert.equal(becomes('cdn-cache-control', undefined, COOKIE), null)
})
