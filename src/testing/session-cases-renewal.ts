import type { Session } from '../session.ts'
import type { SessionsOptions } from '../options/options.ts'
import { check, same } from './check.ts'
import type { StoreContext } from './store-context.ts'
import { arrived, site } from './visitor.ts'
import type { Data, SessionBody, Site, Visitor } from './visitor.ts'

const MINUTE = 60_000

const RENEWING: SessionsOptions = { renewAfter: '15m', absoluteLifetime: '2h' }

/** P3 and P5: a periodic new ID, one for all requests under way, and none lost with an answer. */
export const renewalBodies: Readonly<Record<'any' | 'list', Readonly<Record<string, SessionBody>>>> = {
  any: {
    'P5 of requests at once one renews the ID, and all get the same cookie and keep their changes': async (context) => {
      const { on, ada } = await due(context)
      const { cookie } = ada
      // Two processes, three requests each.
      const sites = [on, site(context, RENEWING)]
      const requests = [0, 1, 2, 3, 4, 5].map((n) => ({ n, visitor: (sites[n % 2] ?? on).visitor(cookie) }))
      const open = await Promise.all(
        requests.map(async ({ n, visitor }) => ({ n, visitor, session: await visitor.open() })),
      )
      for (const { n, session } of open) session.data[`key${n}`] = n
      const replies = await Promise.all(open.map(({ visitor, session }) => visitor.commit(session)))
      same(new Set(replies.map((reply) => reply.setCookie.length)).size, 1, 'different numbers of cookies a response')
      const cookies = new Set(open.map(({ visitor }) => visitor.cookie))
      same(cookies.size, 1, 'different cookies')
      check(!cookies.has(cookie), 'the ID was not renewed')
      same(new Set(open.map(({ session }) => session.id)).size, 1, 'different session.id after the commit')
      same(sites.flatMap((each) => each.events('renewed')).length, 1, 'events')
      const [first] = open
      const data = await first?.visitor.data()
      same(Object.keys(data ?? {}).length, 7, 'keys saved')
    },
    'P5 when the answer with the new ID is lost, the next one has it again; after the grace the old ID is dead': async (
      context,
    ) => {
      const { on, ada, cookie } = await renewed(context)
      const lost = on.visitor(cookie)
      context.clock.advance(MINUTE - 1)
      const again = await lost.open(false)
      same(again.data['user'], 'ada', 'data.user under the old cookie')
      again.data['again'] = true
      same((await lost.commit(again)).setCookie.length, 1, 'cookies')
      same(lost.cookie, ada.cookie, 'the new cookie')
      same((await ada.data())['again'], true, 'data.again under the new cookie')
      context.clock.advance(1)
      const dead = on.visitor(cookie)
      const reply = await dead.request((session) => {
        same(Object.keys(session.data).length, 0, 'keys under the old cookie after the grace')
        session.data['user'] = 'mallory'
      })
      same(reply.setCookie.length, 0, 'cookies under the old cookie after the grace')
      same((await ada.data())['user'], 'ada', 'data.user under the new cookie')
    },
    'P5 a request that comes too late to renew sends no cookie over that of a login': async (context) => {
      const { on, ada } = await due(context)
      const late = site(context, RENEWING)
      const slow = late.visitor(ada.cookie)
      const session = await slow.open()
      late.gates.hold('create')
      late.gates.hold('delete')
      const pending = slow.commit(session)
      const creating = await late.gates.reached('create')
      await ada.request(() => {})
      creating.release()
      // It lost, and takes its new record away.
      const deleting = await late.gates.reached('delete')
      await ada.request((moving) => moving.regenerate({ keep: true }))
      deleting.release()
      const reply = await pending
      same(reply.setCookie.length, 0, 'cookies of the late request')
      same(session.ended, 'superseded', 'session.ended of the late request')
      same((await ada.data())['user'], 'ada', 'data.user under the cookie of the login')
      same(on.events('regenerated').length, 1, 'regenerated events')
    },
    'P5 a request under way while the ID is renewed goes on under the new one': async (context) => {
      const { on, ada, cookie } = await due(context)
      const [writing, updating, reading] = await Promise.all([ada.open(false), ada.open(false), ada.open(false)])
      await ada.request(({ data }) => Object.assign(data, { renewing: 1 }))
      writing.data['written'] = 2
      await updating.update((data) => void (data['updated'] = 3))
      same(await reading.reload(), true, 'reload()')
      for (const session of [writing, updating, reading]) {
        const behind = on.visitor(cookie)
        await behind.commit(session)
        same(behind.cookie, ada.cookie, 'the cookie of a request under way')
      }
      same(
        JSON.stringify(await ada.data(), ['renewing', 'updated', 'user', 'written']),
        ALL_SAVED,
        'the data under the new cookie',
      )
    },
    'P7 a renewed session is the same one: its age, owner and absolute end stay': async (context) => {
      const on = site(context, RENEWING)
      const ada = await arrived(on)
      await ada.request((session) => {
        session.owner = 'ada'
      })
      const { createdAt } = await ada.open()
      for (let quarter = 1; quarter < 8; quarter += 1) {
        context.clock.advance(15 * MINUTE)
        await ada.request(() => {})
      }
      same((await on.told('renewed', 7)).length, 7, 'renewals in seven quarters of an hour')
      same(on.events('created').length, 1, 'sessions created')
      const last = await ada.open()
      same(last.createdAt, createdAt, 'createdAt')
      same(last.owner, 'ada', 'owner')
      context.clock.advance(15 * MINUTE)
      same(Object.keys(await ada.data()).length, 0, 'keys after two hours')
    },
    'P3 what ends a renewed session during the grace ends it for the old cookie, too': async (context) => {
      const endings: readonly ((on: Site, now: Visitor, old: Visitor, id: string) => Promise<unknown>)[] = [
        (_, now) => now.request((session) => session.destroy()),
        (_, __, old) => old.request((session) => session.destroy()),
        (_, now) => now.request((session) => session.regenerate()),
        (_, __, old) => old.request((session) => session.regenerate()),
        (on, _, __, id) => on.sessions.revoke(id),
      ]
      for (const [index, ending] of endings.entries()) {
        const { on, ada, cookie, id } = await renewed(context)
        const [now, old] = [on.visitor(ada.cookie), on.visitor(cookie)]
        await ending(on, now, old, id)
        for (const dead of [ada.cookie, cookie]) {
          const visitor = on.visitor(dead)
          same(Object.keys(await visitor.data()).length, 0, `keys after ending ${index} under the cookie`)
          same((await visitor.commit(await visitor.open())).setCookie.length, 0, `cookies after ending ${index}`)
        }
      }
    },
  },
  list: {
    'P12 a renewed session is listed once, and revokeAll() ends or spares it under either ID': async (context) => {
      const { on, ada, id } = await renewed(context, 'ada')
      const now = (await ada.open(false)).id
      const listed: string[] = []
      for await (const info of on.sessions.list({ owner: 'ada' })) listed.push(info.id)
      same(listed.join(), now, 'the IDs listed')
      for (const except of [id, now]) {
        same(await on.sessions.revokeAll({ owner: 'ada', except }), 0, 'sessions ended beside the excepted one')
      }
      same((await ada.data())['user'], 'ada', 'data.user of the excepted session')
      same(await on.sessions.revokeAll({ owner: 'ada' }), 1, 'sessions ended')
      same(Object.keys(await ada.data()).length, 0, 'keys after revokeAll()')
    },
  },
}

const ALL_SAVED = '{"renewing":1,"updated":3,"user":"ada","written":2}'

interface Due {
  readonly on: Site
  readonly ada: Visitor
  /** The cookie of before. */
  readonly cookie: string | undefined
  /** The ID of before. */
  readonly id: string
}

/** A visitor whose ID is as old as it may get. */
async function due(context: StoreContext, owner?: string): Promise<Due> {
  const on = site(context, RENEWING)
  const ada = await arrived(on)
  if (owner !== undefined) {
    await ada.request((session: Session<Data>) => {
      session.owner = owner
    })
  }
  const { id } = await ada.open(false)
  context.clock.advance(15 * MINUTE)
  return { on, ada, cookie: ada.cookie, id }
}

/** A visitor whose ID was renewed this moment. */
async function renewed(context: StoreContext, owner?: string): Promise<Due> {
  const before = await due(context, owner)
  await before.ada.request(() => {})
  check(before.ada.cookie !== before.cookie, 'the ID was not renewed')
  return before
}
