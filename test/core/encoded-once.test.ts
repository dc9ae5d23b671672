import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createSessions } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { testClock } from '../../src/testing/clock.ts'

/** A value that counts how often it is read: twice for each time it is encoded, by the check and by JSON. */
function counting() {
  let reads = 0
  return {
    value: {
      get items() {
        reads += 1
        return ['scarf']
      },
    },
    encodings: () => reads / 2,
  }
}

/** A stored session, opened anew. */
async function opened() {
  const clock = testClock()
  const sessions = createSessions({ store: memoryStore(), clock, cookie: { secure: false } })
  const first = await sessions.open({ cookie: undefined, secure: false })
  first.data['visits'] = 1
  const { setCookie } = await sessions.commit(first)
  return { sessions, session: await sessions.open({ cookie: setCookie[0]?.split(';')[0], secure: false }) }
}

suite('encoding the data of a request', () => {
  test('is done once by a commit that creates', async () => {
    const sessions = createSessions({ store: memoryStore(), clock: testClock(), cookie: { secure: false } })
    const session = await sessions.open({ cookie: undefined, secure: false })
    const { value, encodings } = counting()
    session.data['cart'] = value
    await sessions.commit(session)
    assert.equal(encodings(), 1)
  })

  test('is done once by a commit that updates, and once more when the response has ended', async () => {
    const { sessions, session } = await opened()
    const { value, encodings } = counting()
    session.data['cart'] = value
    await sessions.commit(session)
    assert.equal(encodings(), 1)
    sessions.finished(session)
    assert.equal(encodings(), 2)
  })

  test('is done anew by a commit that waits for a save under way', async () => {
    const { sessions, session } = await opened()
    session.data['visits'] = 2
    const saving = session.save()
    session.data['visits'] = 3
    await Promise.all([saving, sessions.commit(session)])
    assert.equal(await session.reload(), true)
    assert.deepEqual(session.data, { visits: 3 })
  })
})
