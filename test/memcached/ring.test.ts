import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { suite, test } from 'node:test'
import { hashRing } from '../../src/stores/memcached-ring.ts'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const ids = Array.from({ length: 20_000 }, (_, n) => sha256(`token ${n}`))
const names = ['cache1:11211', 'cache2:11211', 'cache3:11211', '/run/memcached.sock']

/** The server's name for each ID. */
function mapping(servers: readonly string[]): string[] {
  const ring = hashRing(servers)
  return ids.map((id) => servers[ring(id)] ?? assert.fail(`no server for ${id}`))
}

suite('memcached, which server keeps an ID', () => {
  test('it is the documented mapping, by the letter', () => {
    // Written down again from the documentation, in the slowest way there is.
    const places = names.flatMap((name) =>
      Array.from({ length: 20 }, (_, n) => sha256(`${name}#${n}`).match(/.{8}/g) ?? [])
        .flat()
        .map((word) => ({ name, place: Number.parseInt(word, 16) })),
    )
    assert.equal(places.length, 640)
    const owner = (id: string): string | undefined => {
      const wanted = Number.parseInt(id.slice(0, 8), 16)
      const behind = places.map(({ name, place }) => ({ name, way: (place - wanted + 2 ** 32) % 2 ** 32 }))
      return behind.reduce((nearest, next) => (next.way < nearest.way ? next : nearest)).name
    }
    const onPlaces = places.slice(0, 20).map(({ place }) => place.toString(16).padStart(8, '0').padEnd(64, '0'))
    const some = [...ids.slice(0, 1000), ...onPlaces, '0'.repeat(64), 'f'.repeat(64)]
    const ring = hashRing(names)
    for (const id of some) assert.equal(names[ring(id)], owner(id), id)
  })

  test('it stays the same from version to version', () => {
    // Another mapping loses the sessions of everybody who updates: changing these lines is a breaking change.
    const ring = hashRing(names)
    assert.deepEqual(
      ids.slice(0, 12).map((id) => ring(id)),
      [3, 1, 1, 0, 1, 0, 3, 0, 3, 1, 0, 3],
    )
  })

  test('the order of the names does not matter', () => {
    assert.deepEqual(mapping(names.toReversed()), mapping(names))
  })

  test('each of four servers gets a quarter, give or take a fifth of it', () => {
    const counts = Object.values(Object.groupBy(mapping(names), (name) => name)).map((group) => group?.length ?? 0)
    assert.equal(counts.length, 4)
    for (const count of counts) assert.ok(Math.abs(count - 5000) < 1000, counts.join(' '))
  })

  test('another server takes over its own share and moves nothing else', () => {
    const [before, after] = [mapping(names), mapping([...names, 'cache4:11211'])]
    const moved = ids.filter((_, n) => before[n] !== after[n]).length
    for (const [n, name] of after.entries()) assert.ok(name === before[n] || name === 'cache4:11211')
    assert.ok(moved > 3200 && moved < 4800, `${moved} of 20,000 moved`)
  })
})
