/** Requests of one browser at once, in every order of their store calls: see `docs/reliability.md`. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { breaks } from '../../scripts/breaks-core.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { shownBy } from './broken-core.ts'
import { exploreRace, racesOf, replay } from './explore.ts'
import type { Explored } from './explore.ts'
import { DEEDS } from './race.ts'
import type { Deed } from './race.ts'
import { seedOf, seededPick } from './seed.ts'

async function exploreAll(races: readonly (readonly Deed[])[]): Promise<Explored> {
  let [orders, runs, moments] = [0n, 0, 0]
  for (const deeds of races) {
    const one = await exploreRace(deeds, () => memoryStore())
    orders += one.orders
    runs += one.runs
    moments += one.moments
  }
  return { orders, runs, moments }
}

/** Breaks that no single request shows, and races that show them. */
const SHOWN: Readonly<Record<string, readonly (readonly Deed[])[]>> = {
  'the version is not checked': [['write', 'write']],
  'touch brings back an expired record': [['visit', 'expire']],
  'a change beats a deletion': [['write-same', 'delete']],
  'nothing is merged: the last write wins': [['write', 'write']],
  'a superseded record opens as a live one': [['open', 'regenerate']],
  'who loses the race to regenerate leaves a record behind': [['regenerate', 'regenerate']],
  'revoking does not follow a session that moves': [['regenerate', 'revoke']],
  'a push of the deadline does not look where the session went': [['visit', 'regenerate']],
  'who comes too late to renew does not look again': [['visit', 'regenerate', 'renew']],
  'update() works on the copy it has': [['write', 'update']],
}

suite('interleavings', () => {
  test('two requests keep every promise, in all orders', async (context) => {
    const { orders, runs } = await exploreAll(racesOf(DEEDS, 2))
    context.diagnostic(`${orders} orders of 91 pairs, shown by ${runs} runs`)
    assert.ok(orders > 900n, `only ${orders} orders: something ends before it should`)
  })

  test('three requests keep every promise, in all orders; some threes by seed', async (context) => {
    const seed = seedOf(process.env['COATCHECK_SEED'])
    const races = seededPick(racesOf(DEEDS, 3), 8, seed)
    context.diagnostic(`COATCHECK_SEED=${seed}`)
    const { orders, runs } = await exploreAll(races)
    context.diagnostic(`${orders} orders of ${races.length} threes, shown by ${runs} runs`)
    assert.ok(orders > BigInt(races.length) * 6n)
  })

  test('three requests, one of which comes too late to renew while another signs in', async () => {
    const { orders } = await exploreRace(['visit', 'regenerate', 'renew'], () => memoryStore())
    assert.ok(orders > 1000n)
  })

  test('a schedule shows one order again', async () => {
    assert.equal(await replay('write+destroy@011001', () => memoryStore()), undefined)
    await assert.rejects(
      replay('write+destroy@0000000', () => memoryStore()),
      /has ended/,
    )
  })

  for (const [name, races] of Object.entries(SHOWN)) {
    test(`a broken core is noticed: ${name}`, async (context) => {
      const broken = breaks.find((each) => each.name === name)
      assert.ok(broken, `scripts/breaks-core.ts has no break called so`)
      const shown = (await shownBy(broken, races)) ?? ''
      assert.match(shown, /\n {2}schedule: [a-z+-]+@\d+$/)
      context.diagnostic(shown)
    })
  }
})
