import { SessionError } from '../errors.ts'
import type { Store } from '../store.ts'
import type { EncryptedStoreOptions } from './encrypted-options.ts'
import type { EncryptedStore } from './encrypted.ts'
import { schemes } from './open-schemes.ts'
import { parseStoreUrl } from './open-url.ts'

/**
 * Open a store by its URL, so that the switch from a laptop to a fleet is one environment variable:
 * `file:.sessions`, `memory:`, `sqlite:sessions.db`, `postgres://…`, `mysql://…`, `redis://…`, `memcached://…`; `cookie:?key=…` keeps
 * sessions in the browsers, `null:` switches them off. Options are query parameters. The client of a database is
 * imported when it is needed, belongs to the store, and is closed by `sessions.close()`.
 *
 * An application may start before its database: a server that is away is no error here, but at the first session.
 *
 * @throws {@link SessionError} `bad_option` for a scheme or parameter that does not exist, with the list of those
 *   that do; `store_unusable` when a client package is missing, with the npm command, or when the store cannot work.
 *   No message quotes the URL: it may hold a password.
 */
export function openStore(url: string): Promise<Store>
/**
 * The same, and encrypt what it keeps: `encryptedStore(await openStore(url), options)`.
 *
 * @throws {@link SessionError} `bad_option` also for keys that are missing or can be guessed: nothing is kept in clear
 *   because a variable was not set.
 */
export function openStore(url: string, options: EncryptedStoreOptions): Promise<EncryptedStore>
// Options that turned out undefined must not mean that nothing is encrypted, so it is their number that counts.
export async function openStore(url: string, ...encryption: [] | [EncryptedStoreOptions]): Promise<Store> {
  if (encryption.length === 0) return openPlain(url)
  const [options] = encryption
  // Loaded by those alone who encrypt; and checked first, so that a mistake leaves no folder and no connection behind.
  const [{ encryptedStore }, { checkEncryption }] = await Promise.all([
    import('./encrypted.ts'),
    import('./encrypted-options.ts'),
  ])
  checkEncryption(options)
  return encryptedStore(await openPlain(url), options)
}

async function openPlain(url: string): Promise<Store> {
  const parsed = parseStoreUrl(url)
  const forms = Object.values(schemes).map(({ form }) => form)
  if (!parsed) refuse(`a store URL begins with its scheme; write ${forms.join(' or ')}`)
  const scheme = Object.hasOwn(schemes, parsed.scheme) ? schemes[parsed.scheme] : undefined
  if (!scheme) refuse(`there is no store "${parsed.scheme}:"; there are ${forms.join(', ')}`)
  const known = [...scheme.parameters, ...(scheme.passedOn ?? [])]
  for (const name of parsed.parameters.names)
    if (!known.includes(name)) refuse(`${parsed.scheme}: has no parameter ${shown(name)}; it has ${listed(known)}`)
  return scheme.open(parsed)
}

/** A secret whose name was forgotten stands where names do. Every name of ours is shorter than any secret. */
function shown(name: string): string {
  return /^[a-z][\w-]{0,24}$/i.test(name) ? `"${name}"` : 'of the name it was given'
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.join(', ')
}

function refuse(detail: string): never {
  throw new SessionError('bad_option', detail)
}
