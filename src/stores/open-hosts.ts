import { SessionError } from '../errors.ts'

/** The part of a store URL that names several servers: `//USER:PASSWORD@HOST:PORT,HOST:PORT/NAME`. */
export interface Hosts {
  readonly username?: string
  readonly password?: string
  readonly hosts: readonly { readonly host: string; readonly port: number }[]
  /** What follows the slash; empty when nothing does. */
  readonly name: string
}

/**
 * Read it. A WHATWG URL holds one host only.
 * @throws {@link SessionError} `bad_option`, without a word of what was read.
 */
export function hostsOf(scheme: string, rest: string, defaultPort: number): Hosts {
  const [, login, list, name = ''] = /^\/\/(?:([^@/]*)@)?([^@/]+)(?:\/([^/]*))?$/.exec(rest) ?? []
  if (list === undefined) refuse(scheme)
  const [username, password] = (login ?? '').split(/:(.*)/s).map((part) => decoded(scheme, part))
  return {
    ...(username ? { username } : {}),
    ...(password ? { password } : {}),
    hosts: list.split(',').map((address) => hostOf(scheme, address, defaultPort)),
    name: decoded(scheme, name),
  }
}

function hostOf(scheme: string, address: string, defaultPort: number): Hosts['hosts'][number] {
  const [, bracketed, plain, digits] = /^(?:\[([\da-f:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/i.exec(address) ?? []
  const host = bracketed ?? plain
  const port = Number(digits ?? defaultPort)
  return host !== undefined && port > 0 && port < 65_536 ? { host, port } : refuse(scheme)
}

function decoded(scheme: string, text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return refuse(scheme)
  }
}

function refuse(scheme: string): never {
  throw new SessionError(
    'bad_option',
    `the servers of this ${scheme}: URL cannot be read; write ${scheme}://HOST:PORT,HOST:PORT, before them ` +
      'USER:PASSWORD@ if need be, percent-encoding what is no letter or digit',
  )
}
