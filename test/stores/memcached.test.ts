import { after, suite, test } from 'node:test'
import { memcachedStore, type MemcachedStoreOptions } from '../../src/stores/memcached.ts'
import { runStoreCases, storeCases } from '../../src/testing/index.ts'
import { startMemcached } from '../servers/index.ts'
import { keepMemcached } from '../tokens/dumps.ts'
import { assertNoTokens } from '../tokens/watch.ts'
import { casesOfOtherSetups } from './other-setups.ts'

const auth = { user: 'coat', password: 'sekret' }
const [one, two, three, secure, guarded, local] = await Promise.all([
  startMemcached(),
  startMemcached(),
  startMemcached(),
  startMemcached({ tls: true }),
  startMemcached({ auth }),
  startMemcached({ unixSocket: true }),
])
const setups: readonly (readonly [string, string | string[], MemcachedStoreOptions])[] = [
  ['one server', `127.0.0.1:${one.port}`, {}],
  ['three servers', [one, two, three].map(({ port }) => `127.0.0.1:${port}`), {}],
  ['TLS', `127.0.0.1:${secure.port}`, { tls: { ca: secure.ca ?? '' } }],
  ['text authentication', `127.0.0.1:${guarded.port}`, { username: auth.user, password: auth.password }],
  ['Unix socket', local.socketPath ?? '', {}],
]
let prefixes = 0

for (const [position, [name, servers, options]] of setups.entries())
  suite(`memcached, ${name}`, { concurrency: 4 }, () => {
    runStoreCases({
      test,
      cases: position === 0 ? storeCases : casesOfOtherSetups,
      expiry: 'native',
      cannot: ['list', 'sweep'],
      maxPayload: 1_048_576 - 512 - 52, // 1 MiB, less the key and the server's own, less our first two lines
      async open(clock) {
        const mine = { ...options, clock, prefix: `kit${++prefixes}:` }
        const open = () => memcachedStore(servers, mine)
        return { store: open(), second: async () => open() }
      },
    })
  })

test('P6 no token of all these is in any server, an event or an error', async (context) => {
  for (const server of [one, two, three, secure, local]) await keepMemcached(server)
  context.diagnostic(assertNoTokens({ tokens: 100, bytes: 1_000_000 }))
})

after(() => Promise.all([one, two, three, secure, guarded, local].map((server) => server.stop())))
