import { SessionError } from '../errors.ts'
import type { Store } from '../store.ts'
import { schemes } from './open-schemes.ts'
import { parseStoreUrl } from './open-url.ts'

/**
 * Open a store by its URL, so that the switch from a laptop to a fleet is one environment variable:
 * `file:.sessions`, `memory:`, `sqlite:sessions.db`, `postgres://…`, `mysql://…`. Options are query parameters. The
 * client of a database is imported when it is needed, belongs to the store, and is closed by `sessions.close()`.
 *
 * Servers are not asked before the first session: an application may start before its database.
 *
 * @throws {@link SessionError} `bad_option` for a scheme or parameter that does not exist, with the list of those
 *   that do; `store_unusable` when a client package is missing, with the npm command, or when the store cannot work.
 *   No message quotes the URL: it may hold a password.
 */
export async function openStore(url: string): Promise<Store> {
  const parsed = parseStoreUrl(url)
  const forms = Object.values(schemes).map(({ form }) => form)
  if (!parsed) refuse(`a store URL begins with its scheme; write ${forms.join(' or ')}`)
  const scheme = Object.hasOwn(schemes, parsed.scheme) ? schemes[parsed.scheme] : undefined
  if (!scheme) refuse(`there is no store "${parsed.scheme}:"; there are ${forms.join(', ')}`)
  const known = [...scheme.parameters, ...(scheme.passedOn ?? [])]
  for (const name of parsed.parameters.names)
    if (!known.includes(name)) refuse(`${parsed.scheme}: has no parameter "${name}"; it has ${known.join(', ')}`)
  return scheme.open(parsed)
}

function refuse(detail: string): never {
  throw new SessionError('bad_option', detail)
}
