import { SessionError } from '../errors.ts'

/** Where one server listens. */
export interface ServerAddress {
  /** As the ring and error messages know it: `cache1:11211`, or the path of a socket. */
  readonly name: string
  /** What node:net connects to. */
  readonly target: { readonly host: string; readonly port: number } | { readonly path: string }
}

const DEFAULT_PORT = 11211

/** The servers that an application names. Throws `bad_option` for what is no address, none, or the same one twice. */
export function serverAddresses(servers: string | readonly string[]): readonly ServerAddress[] {
  const given: readonly unknown[] = typeof servers === 'string' ? [servers] : servers
  const addresses = given.map(addressOf)
  if (addresses.length === 0) refuse('an empty list of servers')
  const names = new Set(addresses.map(({ name }) => name))
  if (names.size < addresses.length) refuse('a list that names a server twice')
  return addresses
}

function addressOf(server: unknown): ServerAddress {
  if (typeof server !== 'string') refuse('something that is no text')
  const [, path] = /^(?:unix:)?(?:\/\/)?(\/.+)$/.exec(server) ?? []
  if (path !== undefined) return { name: path, target: { path } }
  const [, bracketed, plain, digits] = /^(?:\[([\da-f:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/i.exec(server) ?? []
  const host = (bracketed ?? plain)?.toLowerCase()
  const port = Number(digits ?? DEFAULT_PORT)
  // What it was is not repeated: somebody may have put a password there.
  if (host === undefined || port < 1 || port > 65_535) refuse('something that is no address')
  return { name: `${bracketed === undefined ? host : `[${host}]`}:${port}`, target: { host, port } }
}

function refuse(what: string): never {
  throw new SessionError(
    'bad_option',
    `memcachedStore() was given ${what}; write 'host:port', '[::1]:11211' or the path of a socket, or an array of these`,
  )
}
