/** Messages for the next page. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { flash, takeFlashes } from '../../src/index.ts'
import { scene, visited } from './site.ts'

const messages = (...texts: readonly string[]) =>
  texts.map((text) => {
    const [category = '', message = ''] = text.split(': ')
    return { category, message }
  })

suite('flash messages', () => {
  test('are there on the next page, once, in order', async () => {
    const on = scene()
    const form = await on.open()
    flash(form, 'info', 'Saved')
    flash(form, 'error', 'But not all')
    await on.commit(form)
    const page = await on.open()
    assert.deepEqual(takeFlashes(page), messages('info: Saved', 'error: But not all'))
    assert.deepEqual(takeFlashes(page), [])
    await on.commit(page)
    assert.deepEqual(takeFlashes(await on.open()), [])
    assert.deepEqual(await on.found(), {})
  })

  test('are kept in Flask’s own shape: pairs of category and message under _flashes', async () => {
    const on = scene()
    const session = await on.open()
    flash(session, 'info', 'one')
    flash(session, 'info', 'two')
    assert.deepEqual(
      { ...session.data },
      {
        _flashes: [
          ['info', 'one'],
          ['info', 'two'],
        ],
      },
    )
    session.data['_flashes'] = [['message', 'from Flask']]
    assert.deepEqual(takeFlashes(session), messages('message: from Flask'))
  })

  test('some categories can be taken, the others stay for another page', async () => {
    const on = scene()
    const session = await on.open()
    for (const [category, message] of Object.entries({ a: '1', b: '2', c: '3' })) flash(session, category, message)
    flash(session, 'a', '4')
    assert.deepEqual(takeFlashes(session, ['a', 'c']), messages('a: 1', 'c: 3', 'a: 4'))
    assert.deepEqual(takeFlashes(session, ['a', 'none']), [])
    assert.deepEqual(takeFlashes(session, []), [])
    assert.deepEqual(takeFlashes(session), messages('b: 2'))
    assert.equal('_flashes' in session.data, false)
  })

  test('taking none writes nothing', async () => {
    const on = await visited()
    const session = await on.open()
    assert.deepEqual(takeFlashes(session), [])
    await on.commit(session)
    assert.deepEqual(
      on.gates.calls.map(({ operation }) => operation),
      ['create', 'read'],
    )
  })

  test('what others left under the key is no message, and never an error', async () => {
    const hostile: readonly unknown[] = [
      'text',
      5,
      null,
      { 0: ['info', 'x'], length: 1 },
      new Map([['info', 'x']]),
      [null, 5, 'info', [], ['info'], ['info', 5], [5, 'x'], [['info'], 'x'], { 0: 'info', 1: 'x' }],
    ]
    for (const value of hostile) {
      const on = await visited({ _flashes: value })
      const session = await on.open()
      assert.deepEqual(takeFlashes(session), [])
      flash(session, 'info', 'good')
      assert.deepEqual(takeFlashes(session), messages('info: good'))
      await on.commit(session)
    }
  })

  test('good ones between bad ones survive, and what follows in a pair is ignored', async () => {
    const on = await visited({ _flashes: [null, ['info', 'good', 'more'], 5] })
    assert.deepEqual(takeFlashes(await on.open()), messages('info: good'))
  })

  test('text is text, whatever is in it', async () => {
    const texts = ['', '<script>alert(1)</script>', '{"__proto__":1}', '\ud800', '\0', '😀']
    const on = scene()
    const session = await on.open()
    for (const text of texts) flash(session, text, text)
    flash(session, '__proto__', 'constructor')
    await on.commit(session)
    const all = [...texts.map((text) => ({ category: text, message: text })), ...messages('__proto__: constructor')]
    assert.deepEqual(takeFlashes(await on.open()), all)
  })

  test('two requests at once that flash: the later list stays, and the conflict is told', async () => {
    const on = await visited()
    const [one, two] = [await on.open(), await on.open()]
    flash(one, 'info', 'one')
    flash(two, 'info', 'two')
    await on.commit(one)
    await on.commit(two)
    assert.deepEqual(takeFlashes(await on.open()), messages('info: two'))
    assert.deepEqual(
      on.events.filter(({ name }) => name === 'conflict').map(({ event }) => event),
      [{ id: two.id, key: '_flashes', winner: 'ours' }],
    )
  })
})
