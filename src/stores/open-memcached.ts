import type { Store } from '../store.ts'
import { memcachedStore } from './memcached.ts'
import { hostsOf } from './open-hosts.ts'
import { given } from './open-url.ts'
import type { StoreUrl } from './open-url.ts'

/** `memcached://A,B`: every server there is, spelt the same way in every process. */
export function openMemcached({ scheme, rest, parameters: { text, flag, number } }: StoreUrl): Store {
  const { hosts, username, password } = hostsOf(scheme, rest, 11_211)
  const servers = hosts.map(({ host, port }) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`))
  const options = { prefix: text('prefix'), tls: flag('tls'), maxConnections: number('maxConnections') }
  return memcachedStore(servers, given({ ...options, username, password }))
}
