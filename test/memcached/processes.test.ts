import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { after, suite, test } from 'node:test'
import { memcachedStore } from '../../src/stores/memcached.ts'
import { startMemcached } from '../servers/index.ts'

/** Run `processes` workers that begin at once; what each has said after `ready`. Each must end by itself. */
async function workAtOnce(addresses: string, processes: number, sessions: number): Promise<string[]> {
  const script = new URL('worker.ts', import.meta.url).pathname
  const workers = Array.from({ length: processes }, () =>
    spawn(process.execPath, ['--conditions=coatcheck-source', script, addresses, String(sessions)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    }),
  )
  after(() => workers.forEach((worker) => worker.kill('SIGKILL')))
  await Promise.all(workers.map((worker) => once(worker.stdout, 'data')))
  for (const worker of workers) worker.stdin.write('go\n')
  const said = await Promise.all(workers.map(({ stdout }) => text(stdout)))
  for (const worker of workers) {
    if (worker.exitCode === null) await once(worker, 'exit')
    assert.equal(worker.exitCode, 0)
  }
  return said
}

suite('memcached, processes', () => {
  test('one that leaves its store open ends all the same', async () => {
    await using server = await startMemcached()
    const [said] = await workAtOnce(`127.0.0.1:${server.port}`, 1, 1)
    assert.match(said ?? '', /^\S+\n$/)
  })

  test('four that make 250 sessions each at once lose nothing, over two servers', async () => {
    await using one = await startMemcached()
    await using two = await startMemcached()
    const addresses = [one, two].map(({ port }) => `127.0.0.1:${port}`)
    const said = await workAtOnce(addresses.join(','), 4, 250)
    const ids = said.flatMap((lines) => lines.trim().split('\n'))
    assert.equal(new Set(ids).size, 1000)
    // Seen by a process that had no part in it.
    const store = memcachedStore(addresses)
    const found = await Promise.all(ids.map((id) => store.read(id, Date.now())))
    await store.close?.()
    assert.equal(found.filter((record) => record?.payload.includes('seen')).length, 1000)
  })
})
