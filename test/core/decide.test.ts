/** What a commit does, for every combination of facts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decide } from '../../src/request/decide.ts'
import type { Action, CommitFacts } from '../../src/request/decide.ts'

/** The first row whose facts all hold says what happens; a fact left out may be either. */
const RULES: readonly (readonly [Partial<CommitFacts>, Action])[] = [
  [{ ended: true }, 'nothing'],
  [{ stored: false, changed: true, failed: false }, 'create'],
  [{ stored: false }, 'nothing'],
  [{ regenerating: true }, 'regenerate'],
  [{ renewable: true, failed: false }, 'renew'],
  [{ changed: true, failed: false }, 'update'],
  [{ cookieOutdated: true }, 'update'],
  [{ plan: 'clip' }, 'update'],
  [{ rewriteDue: true }, 'update'],
  [{ plan: 'push' }, 'touch'],
  [{}, 'nothing'],
]

const BOTH = [false, true]

test('every combination of facts has the action of the first rule that fits', () => {
  const used = new Map<(typeof RULES)[number], number>()
  for (const facts of combinations()) {
    const rule = RULES.find(([wanted]) =>
      Object.entries(wanted).every(([fact, value]) => valueOf(facts, fact) === value),
    )
    assert.ok(rule)
    used.set(rule, (used.get(rule) ?? 0) + 1)
    assert.equal(decide(facts), rule[1], JSON.stringify(facts))
  }
  assert.deepEqual(
    RULES.map((rule) => used.get(rule)),
    [384, 48, 144, 96, 24, 12, 30, 10, 10, 5, 5],
  )
})

test('a failed request never writes data, and always keeps its regenerate', () => {
  for (const facts of combinations().filter(({ failed }) => failed)) {
    const action = decide(facts)
    assert.notEqual(action, 'create')
    if (action === 'update') assert.ok(facts.plan === 'clip' || facts.cookieOutdated || facts.rewriteDue)
    if (facts.regenerating && facts.stored && !facts.ended) assert.equal(action, 'regenerate')
  }
})

function valueOf(facts: CommitFacts, name: string): unknown {
  return Object.entries(facts).find(([fact]) => fact === name)?.[1]
}

function combinations(): CommitFacts[] {
  const made: CommitFacts[] = []
  for (const ended of BOTH)
    for (const stored of BOTH)
      for (const regenerating of BOTH)
        for (const changed of BOTH)
          for (const failed of BOTH)
            for (const cookieOutdated of BOTH)
              for (const renewable of BOTH)
                for (const rewriteDue of BOTH)
                  for (const plan of ['stay', 'push', 'clip'] as const)
                    made.push({
                      ended,
                      stored,
                      regenerating,
                      changed,
                      failed,
                      cookieOutdated,
                      renewable,
                      rewriteDue,
                      plan,
                    })
  return made
}
