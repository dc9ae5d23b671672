/** The one example that needs no build of its own. The others take two minutes: `npm run test:frameworks`. */
import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { frameworks } from './frameworks.ts'
import { compiled } from './install.ts'
import { walkThrough } from './walk.ts'

suite('h3', () => {
  const coatcheck = compiled()
  after(() => coatcheck.remove())

  test('a visitor walks through the example, with Coatcheck as a package', async () => {
    const h3 = frameworks.find(({ name }) => name === 'h3') ?? assert.fail('h3 is among the frameworks')
    coatcheck.into(h3)
    await walkThrough(h3)
  })
})
