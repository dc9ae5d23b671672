/** One visitor in front of sessions that are kept in the cookie. */
import type { SessionsOptions } from '../../src/index.ts'
import { cookieStore } from '../../src/stores/cookie.ts'
import type { CookieStoreOptions } from '../../src/stores/cookie.ts'
import { scene } from './site.ts'
import type { Data, Scene } from './site.ts'

/** A key of the tests: 32 bytes that look random and are the same in every run. */
export function testKey(seed = 1): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, index) => (seed * 89 + index * 151 + index * index * 7) % 256)
}

/** `store` differs from: one test key, encrypted. */
export function sealed(options: SessionsOptions = {}, store: Partial<CookieStoreOptions> = {}): Scene {
  return scene({ store: cookieStore({ keys: [testKey()], ...store }), ...options })
}

/** Its visitor has a session. */
export async function sealedVisit(
  data: Data = { user: 'ada' },
  options: SessionsOptions = {},
  store: Partial<CookieStoreOptions> = {},
): Promise<Scene> {
  const on = sealed(options, store)
  const session = await on.open()
  Object.assign(session.data, data)
  await on.commit(session)
  return on
}

/** The same browser at another moment, or a copy of its cookie in another one: what it finds. */
export async function dataUnder(on: Scene, cookie: string | undefined): Promise<Data> {
  return { ...(await on.sessions.open({ cookie, secure: false, activity: false })).data }
}
