import { SessionError } from '../errors.ts'
import type { Store } from '../store.ts'

/**
 * The first client package that is installed.
 * @throws {@link SessionError} `store_unusable` when none is, with the npm command that mends it.
 */
export async function importClient<Client>(
  scheme: string,
  candidates: Readonly<Record<string, () => Promise<Client>>>,
): Promise<Client> {
  const names = Object.keys(candidates)
  for (const name of names) {
    try {
      return (await candidates[name]?.()) ?? missing(scheme, names)
    } catch (error) {
      // A package that is there but cannot be loaded is another problem, and its own error says which.
      if (!isMissing(error, name)) throw error
    }
  }
  return missing(scheme, names)
}

function missing(scheme: string, names: readonly string[]): never {
  throw new SessionError(
    'store_unusable',
    `${scheme}: needs a client that is not installed. Run: npm install ${names.join('   or: npm install ')}`,
  )
}

function isMissing(error: unknown, name: string): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    error.code === 'ERR_MODULE_NOT_FOUND' &&
    error.message.includes(`'${name}`)
  )
}

/** A store that owns its client: closing the store closes it. */
export function owning(store: Store, end: () => Promise<unknown>): Store {
  let closing: Promise<void> | undefined
  return {
    ...store,
    close() {
      closing ??= (async () => {
        await store.close?.()
        await end()
      })()
      return closing
    },
  }
}
