/** The way from a renewed token to the next: who can take it, and who cannot. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { openGrace, sealGrace } from '../../src/record/grace.ts'
import type { Grace } from '../../src/record/succession.ts'
import { drawTicket, ticketFor } from '../../src/cookie/token.ts'
import type { Ticket } from '../../src/cookie/token.ts'

const NOW = 1_000_000_000_000
const UNTIL = NOW + 60_000

const draw = async (): Promise<Ticket> => drawTicket()

async function sealed(): Promise<{ old: Ticket; next: Ticket; grace: Grace }> {
  const [old, next] = [await draw(), await draw()]
  return { old, next, grace: await sealGrace(old, next, UNTIL) }
}

suite('the grace of a renewed token', () => {
  test('leads the holder of the old token to the next ticket, until its last millisecond', async () => {
    const { old, next, grace } = await sealed()
    assert.deepEqual(await openGrace(old, next.id, grace, NOW), next)
    assert.deepEqual(await openGrace(old, next.id, grace, UNTIL - 1), next)
    assert.equal(await openGrace(old, next.id, grace, UNTIL), undefined)
  })

  test('leads nobody else: not by an ID, another token, or none', async () => {
    const { old, next, grace } = await sealed()
    const stranger = await draw()
    for (const token of [old.id, next.id, stranger.token, '', old.token.slice(1), `${old.token}A`])
      assert.equal(await openGrace({ ...old, token }, next.id, grace, NOW), undefined, token)
    // Nor under an ID that is not the token's.
    assert.equal(await openGrace({ ...old, id: stranger.id }, next.id, grace, NOW), undefined)
  })

  test('holds neither token, in no spelling', async () => {
    const { old, next, grace } = await sealed()
    const text = JSON.stringify(grace)
    for (const { token } of [old, next]) {
      const bytes = Buffer.from(token)
      for (const spelling of [token, bytes.toString('hex'), bytes.toString('base64url').slice(0, -2)])
        assert.ok(!text.includes(spelling))
    }
  })

  test('is not to be altered: neither how long, nor whither, nor a single character', async () => {
    const { old, next, grace } = await sealed()
    const other = await sealed()
    assert.equal(await openGrace(old, next.id, { ...grace, until: UNTIL + 1 }, NOW), undefined)
    assert.equal(await openGrace(old, other.next.id, grace, NOW), undefined)
    assert.equal(await openGrace(old, other.next.id, other.grace, NOW), undefined)
    for (let at = 0; at < grace.sealed.length; at += 1) {
      const flipped = grace.sealed[at] === 'A' ? 'w' : 'A'
      const altered = grace.sealed.slice(0, at) + flipped + grace.sealed.slice(at + 1)
      assert.equal(await openGrace(old, next.id, { ...grace, sealed: altered }, NOW), undefined, `character ${at}`)
    }
    for (const damaged of ['', 'A', '*', '\0', 'é', grace.sealed.slice(0, 15), grace.sealed.repeat(1000)])
      assert.equal(await openGrace(old, next.id, { ...grace, sealed: damaged }, NOW), undefined, damaged.slice(0, 20))
  })

  test('opens what an earlier release has sealed: a deployment cuts nobody off', async () => {
    const [old, next] = [await ticketFor('A'.repeat(43)), await ticketFor('b'.repeat(43))]
    const earlier = 'yeOS5VdqvhfrKJLXUkHk4YgLMGwKCXWyl5hqurc32VLRrUgGHqBkWbRtWWr2lXZWNIsGiUsRHVHtKNtxKnKcDQWiN98yO38'
    assert.deepEqual(await openGrace(old, next.id, { until: UNTIL, sealed: earlier }, NOW), next)
  })

  test('is another one each time, so that two renewals at once tell nothing about each other', async () => {
    const { old, next, grace } = await sealed()
    assert.notEqual((await sealGrace(old, next, UNTIL)).sealed, grace.sealed)
  })
})
