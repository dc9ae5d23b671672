/** How the records of a session that moves name each other, and what is made of notes that somebody else wrote. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Json, RecordHead } from '../../src/record/record.ts'
import { afterMove, graceOf, issuedAt, movedFrom, movedTo } from '../../src/record/succession.ts'
import { predecessorOf, successorOf } from '../../src/record/succession.ts'

const START = 1_000_000_000_000
const OLD = '0123456789abcdef'.repeat(4)
const NEW = 'fedcba9876543210'.repeat(4)
const GRACE = { until: START + 60_000, sealed: 'c2VhbGVk' }

const head = (meta?: RecordHead['meta']): RecordHead => ({
  kind: 'live',
  createdAt: START,
  permanent: true,
  ...(meta && { meta }),
})

suite('succession', () => {
  test('the record that is left names the next, and the way there only after a renewal', () => {
    const left = head(movedTo({ id: NEW }))
    assert.deepEqual([successorOf(left), graceOf(left)], [NEW, undefined])
    const renewed = head(movedTo({ id: NEW, grace: GRACE }))
    assert.deepEqual([successorOf(renewed), graceOf(renewed)], [NEW, GRACE])
    assert.deepEqual([successorOf(head()), graceOf(head()), predecessorOf(head())], [undefined, undefined, undefined])
  })

  test('the next record names the one that is left, keeps its other notes, and when it got its ID where that counts', () => {
    const noted = movedFrom(head({ cookie: 'mark' }), OLD, START + 5)
    assert.deepEqual(noted, head({ cookie: 'mark', from: OLD, issuedAt: START + 5 }))
    assert.deepEqual([predecessorOf(noted), issuedAt(noted)], [OLD, START + 5])
    const plain = movedFrom(head(), OLD, undefined)
    assert.deepEqual(plain, head({ from: OLD }))
    assert.equal(issuedAt(plain), START)
    assert.ok(!Object.hasOwn(plain.meta ?? {}, 'issuedAt'))
  })

  test('a later write forgets where it came from and nothing else', () => {
    assert.equal(afterMove({ from: OLD }), undefined)
    assert.deepEqual(afterMove({ from: OLD, issuedAt: START }), { issuedAt: START })
    const kept = { cookie: 'mark' }
    assert.equal(afterMove(kept), kept)
  })

  test('notes of another shape lead nowhere', () => {
    const ids: readonly Json[] = [
      null, 1, '', [OLD], OLD.toUpperCase(), `${OLD}0`, `0${OLD}`, OLD.slice(1), `${OLD}\n`, `../${OLD.slice(3)}`,
    ] // prettier-ignore
    for (const id of ids) {
      assert.equal(successorOf(head({ to: id })), undefined, JSON.stringify(id))
      assert.equal(predecessorOf(head({ from: id })), undefined, JSON.stringify(id))
    }
    assert.equal(graceOf(head({ to: NEW, until: GRACE.until })), undefined)
    assert.equal(graceOf(head({ to: NEW, sealed: GRACE.sealed })), undefined)
    assert.equal(graceOf(head({ ...GRACE, until: '1' })), undefined)
    assert.equal(graceOf(head({ ...GRACE, sealed: null })), undefined)
    assert.equal(issuedAt(head({ issuedAt: '5' })), START)
  })
})
