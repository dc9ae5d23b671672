/** Writers of one key take turns. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { keyedQueue } from '../../src/backend/queue.ts'

suite('queue', () => {
  test('tasks of one key run one after another, in order; each is told whether it waited', async () => {
    const queue = keyedQueue()
    const log: string[] = []
    const first = Promise.withResolvers<void>()
    const task = (name: string, gate?: Promise<void>) => async (waited: boolean) => {
      log.push(`${name} begins${waited ? ', having waited' : ''}`)
      await gate
      log.push(`${name} ends`)
      return name
    }
    const results = [queue.run('k', task('a', first.promise)), queue.run('k', task('b')), queue.run('k', task('c'))]
    await turns()
    assert.deepEqual(log, ['a begins'])
    first.resolve()
    assert.deepEqual(await Promise.all(results), ['a', 'b', 'c'])
    assert.deepEqual(log, [
      'a begins',
      'a ends',
      'b begins, having waited',
      'b ends',
      'c begins, having waited',
      'c ends',
    ])
    await queue.run('k', async (waited) => assert.equal(waited, false))
  })

  test('tasks of different keys do not wait for each other', async () => {
    const queue = keyedQueue()
    const never = Promise.withResolvers<void>()
    const stuck = queue.run('a', () => never.promise)
    assert.equal(await queue.run('b', async () => 'done'), 'done')
    assert.equal(queue.size, 1)
    never.resolve()
    await stuck
    assert.equal(queue.size, 0)
  })

  test('a failure is its own caller’s alone', async () => {
    const queue = keyedQueue()
    const thrown = new Error('mine')
    const failing = queue.run('k', () => Promise.reject(thrown))
    const next = queue.run('k', async () => 'next')
    const throwing = queue.run('k', () => {
      throw thrown
    })
    const last = queue.run('k', async () => 'last')
    await assert.rejects(failing, thrown)
    assert.equal(await next, 'next')
    await assert.rejects(throwing, thrown)
    assert.equal(await last, 'last')
    await assert.rejects(
      queue.run('k', () => {
        throw thrown
      }),
      thrown,
    )
    assert.equal(queue.size, 0)
  })

  test('nothing is kept of a key whose tasks are done', async () => {
    const queue = keyedQueue()
    await Promise.all(Array.from({ length: 100 }, (_, n) => queue.run(`k${n % 10}`, async () => n)))
    assert.equal(queue.size, 0)
  })
})

/** Long enough for every promise that can settle. */
function turns(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
