import { login, logout } from '../owners/login.ts'
import { sha256 } from '../runtime/platform.ts'
import type { Session } from '../session.ts'
import { base64url } from '../cookie/token.ts'
import { check, same } from './check.ts'
import { times } from './races.ts'
import type { StoreContext } from './store-context.ts'
import { arrived, codeOf, site } from './visitor.ts'
import type { Data, SessionBody, Site, Visitor } from './visitor.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** What somebody tries who has a cookie, an old cookie, a copy of the store, or a lot of cookies. */
export const attackBodies: Readonly<Record<string, SessionBody>> = {
  'P5 fixation: a cookie that was planted before the sign-in opens nothing after it': async (context) => {
    const on = site(context)
    const mallory = await arrived(on, { address: 'Home 1' })
    const ada = on.visitor(mallory.cookie)
    await ada.request((session) => login(session, 'ada', { keep: true }))
    await ada.request(({ data }) => Object.assign(data, { address: 'Somewhere 2' }))
    await opensNothing(on, mallory.cookie)
    await changesNothing(on, mallory.cookie, ada, { address: 'Somewhere 2' })
  },
  'P5 fixation: a planted cookie that a renewal leads on opens nothing once there was a sign-in': async (context) => {
    const on = site(context, { renewAfter: '15m', renewGrace: '10m' })
    const mallory = await arrived(on, { address: 'Home 1' })
    const ada = on.visitor(mallory.cookie)
    context.clock.advance(15 * MINUTE)
    await ada.request(({ data }) => JSON.stringify(data))
    check(ada.cookie !== mallory.cookie, 'the ID was not renewed')
    await ada.request((session) => login(session, 'ada', { keep: true }))
    // Within the grace, in which the old cookie led to the renewed session a moment ago.
    await opensNothing(on, mallory.cookie)
    await changesNothing(on, mallory.cookie, ada, { address: 'Home 1' })
  },
  'P5 fixation: a sign-in at the moment a renewal is due leaves no way from the old cookie': async (context) => {
    const on = site(context, { renewAfter: '15m', renewGrace: '10m' })
    const mallory = await arrived(on, { address: 'Home 1' })
    context.clock.advance(15 * MINUTE)
    const ada = on.visitor(mallory.cookie)
    await ada.request((session) => login(session, 'ada', { keep: true }))
    await opensNothing(on, mallory.cookie)
    await changesNothing(on, mallory.cookie, ada, { address: 'Home 1' })
  },
  'P3 replay: a copy of the cookie opens nothing after the logout, whatever was under way': async (context) => {
    for (const last of SLOW) await replayed(context, last)
  },
  'P6 what is stored opens nothing as a cookie, however it is spelt': async (context) => {
    const on = site(context, { renewAfter: '15m' })
    const ada = await arrived(on)
    await ada.request((session) => login(session, 'ada', { keep: true }))
    context.clock.advance(15 * MINUTE)
    // The renewed record holds the next token sealed: that is no cookie either.
    await ada.request(({ data }) => JSON.stringify(data))
    const given = on.gates.calls.flatMap(({ args }) => args)
    const texts = given.flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : [each]))
    const found = texts.filter((each) => typeof each === 'string').flatMap((text) => text.match(/[\w+/=-]{16,}/g) ?? [])
    const ids = new Set(found.filter((text) => /^[\da-f]{64}$/.test(text)))
    check(ids.size >= 3, `${ids.size} IDs in what the store was given`)
    const cookies = new Set([...found, ...found.flatMap(pieces), ...[...ids].flatMap(spellings)])
    for (const value of cookies) await opensNothing(on, `id=${value}`)
    same((await ada.data())['user'], 'ada', 'data.user under the genuine cookie')
  },
  'P7 clock jumps: what was ended stays dead, and nothing outlives its lifetime': async (context) => {
    const on = site(context)
    const begin = context.clock.now()
    const [ada, bob, eve] = [await arrived(on), await arrived(on), await arrived(on)]
    const [before, leaving] = [ada.cookie, bob.cookie]
    await ada.request((session) => login(session, 'ada', { keep: true }))
    await bob.request(logout)
    const slow = await eve.open()
    slow.data['user'] = 'back again'
    context.clock.set(begin + 2 * HOUR)
    for (const cookie of [before, leaving, ada.cookie, eve.cookie]) await opensNothing(on, cookie)
    same((await eve.commit(slow)).setCookie.length, 0, 'cookies of the request that was under way')
    // Somebody comes while the clock is wrong.
    const ahead = await arrived(on, { user: 'ahead' })
    context.clock.set(begin + MINUTE)
    for (const cookie of [before, leaving]) await opensNothing(on, cookie)
    same((await ahead.data())['user'], 'ahead', 'data.user of the session of two hours ahead')
    await ahead.request(({ data }) => JSON.stringify(data))
    context.clock.set(begin + MINUTE + HOUR - 1)
    same((await ahead.data())['user'], 'ahead', 'data.user one millisecond before its hour is over')
    context.clock.advance(1)
    await opensNothing(on, ahead.cookie)
    for (const cookie of [before, leaving, ada.cookie]) await opensNothing(on, cookie)
  },
  'P1 a thousand bogus cookies: nothing is written, and the malformed ones ask the store nothing': async (context) => {
    const on = site(context)
    const wellFormed = await Promise.all(times(100, (n) => bogus(`${n}`)))
    const malformed = wellFormed.flatMap((token) => MALFORMED.map((spoil) => spoil(token)))
    for (const value of [...wellFormed, ...malformed]) {
      const reply = await on.visitor(`id=${value}`).request(({ data }) => JSON.stringify(data))
      same(reply.setCookie.filter((line) => !/Max-Age=0/.test(line)).length, 0, `cookies issued to ${value}`)
    }
    // Where somebody listens for `expired`, the store is asked twice.
    same(new Set(on.gates.calls.map(({ id }) => id)).size, wellFormed.length, 'IDs the store was asked for')
    same(on.gates.count(), on.gates.count('read'), 'store calls, all of them reads')
    same(on.events('rejected').length, wellFormed.length + malformed.length, 'events')
  },
}

/** What a slow request may be about to do when the session ends under it. */
const SLOW: readonly ((session: Session<Data>) => unknown)[] = [
  ({ data }) => Object.assign(data, { user: 'back again' }),
  ({ data }) => JSON.stringify(data),
  (session) => session.regenerate({ keep: true }),
]

async function replayed(context: StoreContext, last: (typeof SLOW)[number]): Promise<void> {
  const on = site(context)
  const ada = await arrived(on)
  await ada.request((session) => login(session, 'ada', { keep: true }))
  const { cookie } = ada
  // Late enough that the visit would push the deadline.
  context.clock.advance(10 * MINUTE)
  const slow = await ada.open()
  await last(slow)
  await on.visitor(cookie).request(logout)
  same((await on.visitor(cookie).commit(slow)).setCookie.length, 0, 'cookies of the slow request')
  await opensNothing(on, cookie)
  same(await codeOf(() => slow.save()), 'session_ended', 'the code from save() of the slow request')
  await opensNothing(on, cookie)
}

/** A request with `cookie` finds nothing, and what it does has no effect on the visitor's own session. */
async function opensNothing(on: Site, cookie: string | undefined): Promise<void> {
  const session = await on.visitor(cookie).open(false)
  const found = JSON.stringify([session.data, session.owner, session.authenticatedAt])
  same(found, '[{},null,null]', `what ${String(cookie).slice(0, 80)} opens`)
}

/** Somebody with an old cookie writes, moves and logs out; the one who signed in notices nothing. */
async function changesNothing(on: Site, old: string | undefined, signedIn: Visitor, data: Data): Promise<void> {
  const { cookie } = signedIn
  for (const attempt of [...SLOW, logout, (session: Session<Data>) => session.destroy()]) {
    const reply = await on.visitor(old).request(attempt)
    same(reply.setCookie.filter((line) => line.startsWith(String(cookie))).length, 0, "cookies with the victim's token")
    same(JSON.stringify(await signedIn.data()), JSON.stringify(data), 'the data of the one who signed in')
  }
  same((await signedIn.open(false)).owner, 'ada', 'the owner')
}

/** A stored ID as the token could look: 43 characters of base64url above all, which are looked up. */
function spellings(id: string): string[] {
  const bytes = Uint8Array.from(id.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
  return [base64url(bytes), id.slice(0, 43), id.slice(-43), id.toUpperCase(), id.toUpperCase().slice(0, 43)]
}

/** What of a longer text has the length of a token. */
function pieces(text: string): string[] {
  return text.length > 43 ? [text.slice(0, 43), text.slice(-43)] : []
}

/** A token that nobody was given, the same in every run. */
async function bogus(seed: string): Promise<string> {
  const id = await sha256(`bogus ${seed}`)
  return spellings(id)[0] ?? ''
}

/** Nine ways to be malformed. */
const MALFORMED: readonly ((token: string) => string)[] = [
  (token) => token.slice(1),
  (token) => `${token}A`,
  (token) => `${token}=`,
  (token) => `../${token}`,
  (token) => `${token.slice(0, 42)}%00`,
  (token) => `${token.slice(0, 42)}'`,
  (token) => `s:${token}.${token}`,
  (token) => `${token.slice(0, 42)}é`,
  (token) => token.repeat(100),
]
