/** Every target by its name, loaded when it is needed: what is loaded beside it would be counted with it each time. */
import type { FuzzTarget } from '../target.ts'
import type { PlaceKind } from './raw-places.ts'

type Targets = Readonly<Record<string, () => Promise<FuzzTarget>>>

/** Those that need no server. */
export const targets: Targets = {
  'cookie-header': async () => (await import('./cookies.ts')).cookieHeader(),
  'set-cookie': async () => (await import('./cookies.ts')).setCookie(),
  token: async () => (await import('./cookies.ts')).token(),
  sealed: async () => (await import('./sealed.ts')).sealed(),
  'sealed-record': async () => (await import('./sealed.ts')).sealedRecord(),
  keys: async () => (await import('./sealed.ts')).keys(),
  codec: async () => (await import('./records.ts')).codecLine(),
  values: async () => (await import('./records.ts')).values(),
  record: async () => (await import('./records.ts')).record(),
  merge: async () => (await import('./records.ts')).merge(),
  schema: async () => (await import('./records.ts')).schema(),
  durations: async () => (await import('./settings.ts')).durations(),
  options: async () => (await import('./settings.ts')).options(),
  'store-url': async () => (await import('./settings.ts')).storeUrl(),
  flask: async () => (await import('./settings.ts')).flask(),
  upload: async () => (await import('./demo.ts')).upload(),
  demo: async () => (await import('./demo.ts')).demo(),
  ...onStores('memory', 'encrypted', 'file', 'sqlite'),
}

/** Those that start a server. */
export const serverTargets: Targets = onStores('redis', 'memcached', 'postgres', 'mysql', 'mongodb')

function onStores(...kinds: readonly PlaceKind[]): Targets {
  return Object.fromEntries(
    kinds.map((kind) => [`stored-${kind}`, async () => (await import('./stored.ts')).stored(kind)]),
  )
}
