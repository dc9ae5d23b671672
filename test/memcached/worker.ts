/**
 * One process on some servers: `node worker.ts ADDRESSES SESSIONS`. It says `ready` and waits for a line, makes that
 * many visitors, changes every session once, reads them all back, and prints the IDs of those that were whole. It
 * never closes its store: what is idle keeps no process alive.
 */
import { once } from 'node:events'
import { createSessions } from 'coatcheck'
import { memcachedStore } from 'coatcheck/stores/memcached'

const LANES = 10

const [addresses = '', count = '1'] = process.argv.slice(2)
const sessions = createSessions<{ name?: string; seen?: number }>({
  store: memcachedStore(addresses.split(','), { timeout: '10s' }),
  storeTimeout: '30s',
})

process.stdout.write('ready\n')
await once(process.stdin, 'data')
process.stdin.destroy()
await Promise.all(Array.from({ length: LANES }, (_, lane) => work(lane)))

async function work(lane: number): Promise<void> {
  const made: [cookie: string, name: string][] = []
  for (let n = lane; n < Number(count); n += LANES) {
    const name = `${process.pid}-${n}`
    const first = await sessions.open({ cookie: undefined, secure: true })
    first.data.name = name
    const cookie = (await sessions.commit(first)).setCookie[0]?.split(';')[0] ?? ''
    const second = await sessions.open({ cookie, secure: true })
    second.data.seen = n
    await sessions.commit(second)
    made.push([cookie, name])
  }
  for (const [cookie, name] of made) {
    const { id, data } = await sessions.open({ cookie, secure: true })
    if (data.name === name && data.seen !== undefined) process.stdout.write(`${id}\n`)
  }
}
