import { SessionError } from '../errors.ts'
import { shown } from '../options/shown.ts'

/** SQLAlchemy's name of a database, and ours. */
const SCHEMES: ReadonlyMap<string, string> = new Map([
  ['postgresql', 'postgres'],
  ['postgres', 'postgres'],
  ['mysql', 'mysql'],
  ['mariadb', 'mysql'],
  ['sqlite', 'sqlite'],
])

/** Settings of Python's drivers that are always so here. */
const DROPPED: ReadonlySet<string> = new Set(['charset', 'check_same_thread'])

/**
 * A store URL for a database URI of SQLAlchemy: without the driver (`postgresql+psycopg2://`), and with SQLite's path
 * as it is (`sqlite:///here.db`, `sqlite:////there.db`). Throws `bad_option` naming the key, without a word of the URI.
 */
export function storeUrlOf(key: string, uri: string): string {
  const [, dialect = '', rest = '', query = ''] = /^([a-z\d]+)(?:\+\w+)?:\/\/([^?]*)(?:\?(.*))?$/is.exec(uri) ?? []
  const scheme = SCHEMES.get(dialect.toLowerCase())
  if (scheme === undefined) {
    const given = dialect === '' ? 'no database URI' : `for ${shown(dialect)}`
    throw new SessionError(
      'bad_option',
      `${key} is ${given}; write postgresql://, mysql://, mariadb:// or sqlite:///FILE, with a driver behind a + or without`,
    )
  }
  const kept = query.split('&').filter((pair) => pair !== '' && !DROPPED.has(pair.split('=')[0] ?? ''))
  const tail = kept.length > 0 ? `?${kept.join('&')}` : ''
  if (scheme !== 'sqlite') return `${scheme}://${rest}${tail}`
  // The third slash ends the host that SQLite has none of; what follows is the path, and nothing is memory.
  return `sqlite:${rest.replace(/^\//, '') || ':memory:'}${tail}`
}

/** Add query parameters to a store URL, except those that it has or that have no value. */
export function withParameters(url: string, parameters: Readonly<Record<string, string | undefined>>): string {
  const [, query = ''] = url.split(/\?(.*)/s)
  const there = new URLSearchParams(query)
  const added = Object.entries(parameters).flatMap(([name, value]) =>
    value === undefined || there.has(name) ? [] : [`${name}=${encodeURIComponent(value)}`],
  )
  if (added.length === 0) return url
  const joint = !url.includes('?') ? '?' : query === '' ? '' : '&'
  return `${url}${joint}${added.join('&')}`
}

/**
 * A URL of MongoDB with another database. Undefined for what is no such URL. PyMongo looks the user up in the database
 * that the URL names, and the original keeps sessions in one that it does not: so the first stays as `authSource`.
 */
export function mongodbUrl(url: string, database: string): string | undefined {
  const [, server, login, path = '', query = ''] =
    /^(mongodb(?:\+srv)?:\/\/([^@/]*@)?[^/?]+)\/?([^?]*)(\?.*)?$/is.exec(url) ?? []
  if (server === undefined) return undefined
  const authSource = login !== undefined && path !== '' ? decoded(path) : undefined
  return withParameters(`${server}/${encodeURIComponent(database)}${query}`, { authSource })
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
