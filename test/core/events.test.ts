/** Who is told of what. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createEvents } from '../../src/events/event-emitter.ts'
import { quietly, turns, warnings } from './unhandled.ts'

suite('events', () => {
  test('reach the listeners of their name, in order of registration, at once', () => {
    const { emit, on } = createEvents()
    const heard: string[] = []
    on('created', ({ id }) => heard.push(`one ${id}`))
    on('destroyed', ({ id }) => heard.push(`other ${id}`))
    on('created', ({ id }) => heard.push(`two ${id}`))
    emit('created', { id: 'x' })
    emit('swept', { removed: 1 })
    assert.deepEqual(heard, ['one x', 'two x'])
  })

  test('on() returns the way to stop', () => {
    const { emit, on } = createEvents()
    const heard: string[] = []
    const stop = on('created', () => heard.push('a'))
    on('created', () => heard.push('b'))
    stop()
    stop()
    emit('created', { id: 'x' })
    assert.deepEqual(heard, ['b'])
  })

  test('a listener may stop itself or add others while it is told', () => {
    const { emit, on } = createEvents()
    const heard: string[] = []
    const stop = on('created', () => {
      heard.push('once')
      stop()
      on('destroyed', () => heard.push('later'))
    })
    emit('created', { id: 'x' })
    emit('created', { id: 'x' })
    emit('destroyed', { id: 'x', reason: 'logout' })
    assert.deepEqual(heard, ['once', 'later'])
  })

  test('a listener that throws costs neither the request nor the others their turn; a warning names it', async (t) => {
    const warned = warnings(t)
    const { emit, on } = createEvents()
    const heard: string[] = []
    on('created', () => {
      throw new Error('broken log line')
    })
    on('created', () => heard.push('next'))
    emit('created', { id: 'x' })
    assert.deepEqual(heard, ['next'])
    const [warning] = await warned()
    assert.equal(warning?.code, 'COATCHECK_LISTENER')
    assert.match(warning.message, /"created".*broken log line/)
  })

  test('nor does one that rejects: it would take the process down', async (t) => {
    const [warned, unhandled] = [warnings(t), quietly(t)]
    const { emit, on } = createEvents()
    // An async function passes for one that returns nothing.
    const later: () => unknown = async () => {
      await turns()
      throw new Error('broken log service')
    }
    on('destroyed', later)
    emit('destroyed', { id: 'x', reason: 'logout' })
    await turns()
    const [warning] = await warned()
    assert.match(`${warning?.code} ${warning?.message}`, /COATCHECK_LISTENER .*"destroyed".*broken log service/)
    assert.deepEqual(unhandled(), [])
  })
})
