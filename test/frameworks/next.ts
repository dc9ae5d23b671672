/** What concerns Next alone: actions sent by its own script, and pages fetched ahead. */
import assert from 'node:assert/strict'
import type { App } from './app.ts'
import { visitor } from './visitor.ts'
import { age, records } from './walk.ts'

export async function walkNext({ port, store }: App): Promise<void> {
  const grace = visitor(port)
  await grace.open('/visits')
  const stolen = grace.copy()

  // Next's script sends the action itself, and gets the page behind the redirect in the same answer.
  const { text } = await grace.open('/')
  const [, action = ''] = /\$ACTION_ID_(\w+)/.exec(text) ?? []
  const body = new FormData()
  body.append('_1_name', 'Grace')
  body.append('0', '["$K1"]')
  const sent = await grace.request('/', {
    method: 'POST',
    body,
    headers: { accept: 'text/x-component', 'next-action': action },
  })
  assert.match(sent.headers.get('x-action-redirect') ?? '', /^\//)
  assert.equal(sent.cookies.length, 1)
  assert.match(sent.text, /Signed in as Grace/)
  assert.notEqual(grace.cookie(), stolen.cookie())
  assert.match((await grace.open('/')).text, /Signed in as Grace/)

  // A link that came into view is no visit, a click on it is one.
  await age(store, 'Grace')
  const [old] = await records(store, 'Grace')
  const ahead = await grace.request('/', { headers: { rsc: '1', 'next-router-prefetch': '1' } })
  assert.deepEqual(ahead.cookies, [])
  assert.equal((await records(store, 'Grace'))[0]?.expiresAt, old?.expiresAt)
  const click = await grace.request('/', { headers: { rsc: '1' } })
  assert.equal(click.cookies.length, 1)
  assert.notEqual((await records(store, 'Grace'))[0]?.expiresAt, old?.expiresAt)

  // An action without a redirect: its answer is the page, which must find the session under its new ID.
  const before = grace.cookie()
  const moved = await grace.send(await grace.open('/'), 'New ID')
  assert.equal(moved.status, 200)
  assert.notEqual(grace.cookie(), before)
  assert.match(moved.text, /Signed in as Grace/)
}
