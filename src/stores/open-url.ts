import { SessionError } from '../errors.ts'

/** A store URL, taken apart. Not a WHATWG URL: `file:.sessions` is a relative path there. */
export interface StoreUrl {
  /** In lower case, without the colon. */
  readonly scheme: string
  /** Between the scheme and the question mark. */
  readonly rest: string
  readonly parameters: StoreParameters
}

/** The query of a store URL, read by the kind of value a parameter has. Each throws `bad_option` for another kind. */
export interface StoreParameters {
  readonly names: readonly string[]
  readonly text: (name: string) => string | undefined
  /** All values of a parameter that may be repeated, in order. */
  readonly texts: (name: string) => readonly string[]
  /** A whole number above 0. */
  readonly number: (name: string) => number | undefined
  /** `true` or `false`. */
  readonly flag: (name: string) => boolean | undefined
  /** `scheme:rest`, with only these parameters in the query: what is passed on to a client. */
  readonly urlWith: (names: readonly string[]) => string
}

/** Other names that clients and hosting panels use for the same server. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['postgresql', 'postgres'],
  ['mariadb', 'mysql'],
])

/**
 * Take a URL apart, or undefined when it does not even begin with a scheme. No error quotes any part of it but names:
 * there may be a password in it.
 */
export function parseStoreUrl(url: string): StoreUrl | undefined {
  const [, name, rest = '', query = ''] = /^([a-z][a-z\d+]*):([^?]*)(?:\?(.*))?$/is.exec(url) ?? []
  if (name === undefined) return undefined
  const scheme = ALIASES.get(name.toLowerCase()) ?? name.toLowerCase()
  return { scheme, rest, parameters: parametersOf(scheme, rest, new URLSearchParams(query)) }
}

function parametersOf(scheme: string, rest: string, query: URLSearchParams): StoreParameters {
  function read<Value>(name: string, kind: string, parse: (text: string) => Value | undefined): Value | undefined {
    const text = query.get(name)
    if (text === null) return undefined
    const value = parse(text)
    if (value === undefined) throw new SessionError('bad_option', `${scheme}: its parameter ${name} must be ${kind}`)
    return value
  }
  return {
    names: [...query.keys()],
    text: (name) => read(name, 'a text', (text) => (text === '' ? undefined : text)),
    texts: (name) => query.getAll(name),
    number: (name) =>
      read(name, 'a whole number above 0', (text) => (/^[1-9]\d*$/.test(text) ? Number(text) : undefined)),
    flag: (name) => read(name, 'true or false', (text) => FLAGS.get(text)),
    urlWith(names) {
      const kept = new URLSearchParams([...query].filter(([name]) => names.includes(name)))
      return `${scheme}:${rest}${kept.size > 0 ? `?${kept}` : ''}`
    },
  }
}

const FLAGS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['false', false],
])

/**
 * The URL for a client, without our own parameters. Clients read it late, at the first query, and what they then say
 * of a malformed one may quote it, password included: so it is checked here.
 */
export function serverUrl(parameters: StoreParameters, passedOn: readonly string[] = []): string {
  const url = parameters.urlWith(passedOn)
  try {
    const { username, password } = new URL(url)
    decodeURIComponent(username + password)
    return url
  } catch {
    throw new SessionError(
      'bad_option',
      'the store URL cannot be read; check user, password (percent-encode what is no letter or digit), host and port',
    )
  }
}

/** What a driver makes of a URL. What it says of one that it cannot read may quote it, password included. */
export function unquoted<Result>(read: () => Result): Result {
  try {
    return read()
  } catch {
    throw new SessionError(
      'bad_option',
      'the store URL cannot be read; check user, password (percent-encode what is no letter or digit), hosts, the name ' +
        'of the database and the values of the parameters',
    )
  }
}

/** Only the options that were given: an explicit undefined is not the same as a default. */
export function given<Options extends object>(
  options: Options,
): { [Name in keyof Options]?: Exclude<Options[Name], undefined> } {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined)
  // Filtering by value keeps the names and their types, which Object.fromEntries forgets.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return Object.fromEntries(entries) as { [Name in keyof Options]?: Exclude<Options[Name], undefined> }
}
