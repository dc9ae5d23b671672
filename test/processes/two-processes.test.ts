/** The promises that a second process could break, over HTTP, with two server processes on one store. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { places } from './places.ts'
import type { Place } from './places.ts'
import { ask, startSessionProcess } from './session-processes.ts'
import type { SessionProcess } from './session-processes.ts'

for (const [name, open] of Object.entries(places))
  describe(`two server processes on one ${name} store`, () => onOne(open))

function onOne(open: () => Promise<Place>): void {
  let place: Place
  let one: SessionProcess
  let two: SessionProcess

  before(async () => {
    place = await open()
    ;[one, two] = await Promise.all([startSessionProcess(place.url), startSessionProcess(place.url)])
  })
  after(async () => {
    await Promise.all([one.stop(), two.stop()])
    await place.stop()
  })

  /** A cookie whose session holds something. */
  async function arrive(): Promise<string> {
    const { cookie } = await ask(`${one.url}/set/here`)
    return cookie ?? assert.fail('a new session got no cookie')
  }

  /** `count` requests at once, turn by turn to each process. */
  const atOnce = (count: number, path: (n: number) => string, cookie?: string) =>
    Promise.all(Array.from({ length: count }, (_, n) => ask((n % 2 ? one : two).url + path(n), cookie)))

  test('P1 fifty requests without a cookie to a page that stores nothing: no cookie, no record', async () => {
    await arrive()
    const earlier = await place.count()
    const answers = await atOnce(50, () => '/read')
    assert.deepEqual(new Set(answers.map(({ cookie }) => cookie)), new Set([undefined]))
    assert.equal(await place.count(), earlier)
  })

  test('P2 fifty requests at once set fifty keys of one session', async () => {
    const cookie = await arrive()
    await atOnce(50, (n) => `/set/key${n}`, cookie)
    assert.equal(Object.keys((await ask(`${two.url}/read`, cookie)).data).length, 51)
  })

  test('P2 a hundred update() at once count a hundred', async () => {
    const cookie = await arrive()
    const answers = await atOnce(100, () => '/count', cookie)
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
    assert.equal((await ask(`${one.url}/read`, cookie)).data['count'], 100)
  })

  test('P3 a slow request in one process, a logout in the other: the session stays dead', async () => {
    const cookie = await arrive()
    const slow = ask(`${one.url}/slow/back`, cookie)
    await one.told('slow')
    assert.equal((await ask(`${two.url}/logout`, cookie)).cookie, 'id=')
    one.release()
    assert.equal((await slow).cookie, undefined)
    for (const { url } of [one, two]) assert.deepEqual((await ask(`${url}/read`, cookie)).data, {})
    assert.ok(one.lines.some((line) => line['event'] === 'gone'))
  })

  test('P3 logins at once in both processes: one live ID, and what was saved before is there', async () => {
    const cookie = await arrive()
    await ask(`${two.url}/set/cart`, cookie)
    const answers = await atOnce(10, (n) => `/login/user${n}`, cookie)
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]), 'no login is an error')
    const [won, ...others] = answers.flatMap((answer) => answer.cookie ?? [])
    assert.ok(won, 'a login got the new cookie')
    assert.deepEqual(others, [])
    assert.deepEqual((await ask(`${one.url}/read`, cookie)).data, {}, 'the old cookie opens nothing')
    const { data } = await ask(`${two.url}/read`, won)
    assert.equal(data['cart'], true)
    assert.equal(data['here'], true)
    assert.match(String(data['user']), /^user\d$/)
  })
}
