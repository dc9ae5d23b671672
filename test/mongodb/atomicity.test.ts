/**
 * Compare-and-set rests on the server: MongoDB promises that a command on one document is atomic. FerretDB, the server
 * of these tests where there is no MongoDB, is not: this says so with figures, and shows that nothing else is amiss.
 */
import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { contention } from './contention.ts'
import { mongodbServer } from './mongodb-server.ts'

const server = await mongodbServer()
after(() => server.stop())

suite(`compare-and-set on ${server.label}`, () => {
  test('P2 four processes with four writers each: with atomic commands no acknowledged update is lost', async (t) => {
    const { attempted, acknowledged, kept } = await contention(server.atomicUrl, 4, 4, 20)
    t.diagnostic(`${attempted} attempted, ${acknowledged} acknowledged, ${kept} kept`)
    assert.ok(acknowledged > 0 && acknowledged < attempted, 'writers did meet')
    assert.equal(kept, acknowledged)
  })

  test(`the same without a queue before it: ${server.genuine ? 'none is lost' : 'FerretDB loses some'}`, async (t) => {
    const { attempted, acknowledged, kept } = await contention(server.url, 4, 4, 20)
    t.diagnostic(`${attempted} attempted, ${acknowledged} acknowledged, ${kept} kept`)
    // Once this fails for FerretDB, its commands are atomic: take the queue out of the tests.
    if (server.genuine) assert.equal(kept, acknowledged)
    else assert.ok(kept < acknowledged, `all ${acknowledged} acknowledged updates were kept`)
  })
})
