import { SessionError } from '../errors.ts'
import type { Store } from '../store.ts'
import { fileStore } from './file.ts'
import { memoryStore } from './memory.ts'

/** One kind of store as a URL names it. */
interface Scheme {
  /** What to write, for error messages and docs. */
  readonly form: string
  /** Query parameters it understands. */
  readonly parameters: readonly string[]
  open(url: StoreUrl): Store | Promise<Store>
}

/** A store URL, taken apart. Not a WHATWG URL: `file:.sessions` is a relative path there. */
interface StoreUrl {
  readonly rest: string
  number(name: string): number | undefined
  flag(name: string): boolean | undefined
}

/** Every store that a URL can name. Adding a store adds a line. */
const SCHEMES: Readonly<Record<string, Scheme>> = {
  memory: {
    form: 'memory:',
    parameters: ['maxSessions', 'maxBytes'],
    open: (url) => memoryStore(given({ maxSessions: url.number('maxSessions'), maxBytes: url.number('maxBytes') })),
  },
  file: {
    form: 'file:DIR',
    parameters: ['maxSessions', 'fsync'],
    open: (url) =>
      fileStore(
        url.rest === '' ? '.sessions' : url.rest,
        given({ maxSessions: url.number('maxSessions'), fsync: url.flag('fsync') }),
      ),
  },
}

/**
 * Open a store by its URL, so that the switch from a laptop to a fleet is one environment variable. The store is
 * owned by the sessions it is given to: `sessions.close()` closes it.
 *
 * @throws SessionError `bad_option` for an unknown scheme or parameter, with the list of what exists; `store_unusable`
 *   when the store cannot work. What may be a secret never appears in a message.
 */
export async function openStore(url: string): Promise<Store> {
  const [, name = '', rest = '', query = ''] = /^([a-z][a-z\d+]*):([^?]*)(?:\?(.*))?$/i.exec(url) ?? []
  const scheme = Object.hasOwn(SCHEMES, name.toLowerCase()) ? SCHEMES[name.toLowerCase()] : undefined
  if (!scheme) {
    const forms = Object.values(SCHEMES).map(({ form }) => form)
    throw new SessionError(
      'bad_option',
      `${name === '' ? 'a store URL begins with its scheme' : `there is no store "${name}:"`}; write ${forms.join(' or ')}`,
    )
  }
  return scheme.open(storeUrl(name, rest, new URLSearchParams(query), scheme.parameters))
}

function storeUrl(name: string, rest: string, query: URLSearchParams, known: readonly string[]): StoreUrl {
  for (const parameter of query.keys()) {
    if (known.includes(parameter)) continue
    refuse(`${name}: has no parameter "${parameter}"; it has ${known.join(', ')}`)
  }
  return {
    rest,
    number(parameter) {
      const text = query.get(parameter)
      if (text === null) return undefined
      if (!/^[1-9]\d*$/.test(text)) refuse(`${name}:?${parameter} must be a whole number above 0`)
      return Number(text)
    },
    flag(parameter) {
      const text = query.get(parameter)
      if (text === null) return undefined
      if (text !== 'true' && text !== 'false') refuse(`${name}:?${parameter} must be true or false`)
      return text === 'true'
    },
  }
}

/** Only the options that were given: an explicit undefined is not the same as a default. */
function given<Options extends object>(
  options: Options,
): { [Name in keyof Options]?: Exclude<Options[Name], undefined> } {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined)
  // Filtering by value keeps the names and their types, which Object.fromEntries forgets.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return Object.fromEntries(entries) as { [Name in keyof Options]?: Exclude<Options[Name], undefined> }
}

function refuse(detail: string): never {
  throw new SessionError('bad_option', detail)
}
