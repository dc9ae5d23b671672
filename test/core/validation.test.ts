/** Data under a schema, with each library: what a new session holds, what becomes of old data, what is not saved. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type } from 'arktype'
import * as v from 'valibot'
import { z } from 'zod'
import { createSessions, flash, login, logout, takeFlashes } from '../../src/index.ts'
import type { SchemaIssue, SchemaOptions, Sessions, SessionsOptions, StandardSchema } from '../../src/index.ts'
import { cookieStore } from '../../src/stores/cookie.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { gatedStore, testClock } from '../../src/testing/index.ts'
import type { Gates } from '../../src/testing/index.ts'
import { refusal } from './refusal.ts'
import { testKey } from './sealed-site.ts'

interface Shop {
  visits: number
  theme?: 'dark' | 'light' | undefined
  cart: { name: string; amount: number }[]
}

/** One shop in three languages: visits were texts once, `cart` has a default. */
const shops = {
  zod: z.object({
    visits: z.coerce.number().default(0),
    theme: z.enum(['dark', 'light']).optional(),
    cart: z.array(z.object({ name: z.string(), amount: z.number() })).default([]),
  }),
  valibot: v.object({
    visits: v.optional(v.union([v.number(), v.pipe(v.string(), v.transform(Number), v.number())]), 0),
    theme: v.optional(v.picklist(['dark', 'light'])),
    cart: v.optional(v.array(v.object({ name: v.string(), amount: v.number() })), []),
  }),
  arktype: type({
    visits: type('number | string.numeric.parse').default(0),
    'theme?': "'dark' | 'light'",
    cart: type({ name: 'string', amount: 'number' })
      .array()
      .default(() => []),
  }),
} satisfies Record<string, StandardSchema<Shop>>

const { zod } = shops

type Request = Awaited<ReturnType<Site['open']>>

/** A browser whose session was stored by a release without a schema, and the release with one. */
interface Site {
  readonly sessions: Sessions<Shop, Shop>
  readonly gates: Gates
  /** What was written since it began. */
  writes(): string[]
  readonly events: { readonly name: string; readonly event: Readonly<Record<string, unknown>> }[]
  /** Stored lines as a release without a schema reads them. */
  stored(): Promise<Record<string, unknown>>
  /** A release without the schema changes what is stored. */
  storeOld(data: Record<string, unknown>): Promise<void>
  open(): ReturnType<Sessions<Shop, Shop>['open']>
  commit(session: Request): Promise<void>
}

async function site(
  schema: StandardSchema<Shop>,
  before: Record<string, unknown> | undefined,
  more: Partial<SchemaOptions<Shop>> & { readonly inCookies?: boolean } = {},
): Promise<Site> {
  const { inCookies = false, ...options } = more
  const gates = gatedStore(memoryStore())
  const common: SessionsOptions = {
    store: inCookies ? cookieStore({ keys: [testKey()] }) : gates.store,
    clock: testClock(),
    cookie: { secure: false },
    sweepEvery: false,
  }
  const old = createSessions(common)
  const sessions = createSessions({ ...common, schema, ...options })
  let cookie: string | undefined
  let start = 0
  const follow = ({ setCookie }: { readonly setCookie: readonly string[] }): void => {
    for (const line of setCookie) cookie = line.includes('Max-Age=0;') ? undefined : line.split(';')[0]
  }
  const made: Site = {
    sessions,
    gates,
    writes: () => gates.calls.slice(start).flatMap(({ operation }) => (operation === 'read' ? [] : operation)),
    events: [],
    stored: async () => ({ ...(await old.open({ cookie, secure: false, activity: false })).data }),
    async storeOld(data) {
      const session = await old.open({ cookie, secure: false })
      Object.assign(session.data, data)
      await old.commit(session)
    },
    open: () => sessions.open({ cookie, secure: false }),
    commit: async (session) => follow(await sessions.commit(session)),
  }
  for (const name of ['invalid', 'conflict', 'gone', 'late', 'created', 'rejected'] as const) {
    sessions.on(name, (event) => made.events.push({ name, event: { ...event } }))
  }
  if (before) {
    const first = await old.open({ cookie: undefined, secure: false })
    Object.assign(first.data, before)
    follow(await old.commit(first))
  }
  start = gates.calls.length
  return made
}

/** A request that changes the data, before its commit. */
async function changed(on: Site, change: (data: Shop) => unknown): Promise<Request> {
  const session = await on.open()
  change(session.data)
  return session
}

/** The events of data that did not fit. */
function told({ events }: Site): unknown[][] {
  return events.map(({ name, event }) => [name, event['outcome'], ...(event['paths'] as string[])])
}

const OLD = { visits: '3', theme: 'dark', cart: [{ name: 'tea', amount: 2 }] }
const NEW = { visits: 3, theme: 'dark', cart: [{ name: 'tea', amount: 2 }] }

for (const [library, schema] of Object.entries<StandardSchema<Shop>>(shops)) {
  for (const inCookies of [false, true]) {
    suite(`data under a schema of ${library}, ${inCookies ? 'in the cookie' : 'in a store'}`, () => {
      test('a new session holds the defaults, which alone are not worth storing', async () => {
        const on = await site(schema, undefined, { inCookies })
        const session = await on.open()
        assert.deepEqual({ ...session.data }, { visits: 0, cart: [] })
        assert.deepEqual((await on.sessions.commit(session)).setCookie, [])
        assert.deepEqual(on.writes(), [])

        await on.commit(await changed(on, (data) => data.cart.push({ name: 'tea', amount: 1 })))
        assert.deepEqual(await on.stored(), { visits: 0, cart: [{ name: 'tea', amount: 1 }] })
        assert.deepEqual((await on.open()).data, { visits: 0, cart: [{ name: 'tea', amount: 1 }] })
      })

      test('what it transforms is what one sees; reading does not write it back, the next change does', async () => {
        const on = await site(schema, OLD, { inCookies })
        const session = await on.open()
        assert.deepEqual(session.data, NEW)
        await on.commit(session)
        assert.deepEqual(on.writes(), [])
        assert.deepEqual(await on.stored(), OLD)

        await on.commit(await changed(on, (data) => (data.theme = 'light')))
        assert.deepEqual(await on.stored(), { ...NEW, theme: 'light' })
        assert.deepEqual(on.events, [])
      })

      test('data that does not fit is an error, which shows the place and not the value', async () => {
        const on = await site(
          schema,
          { ...OLD, theme: 'secret', cart: [{ name: 'tea', amount: 'hidden' }] },
          { inCookies },
        )
        await assert.rejects(on.open(), (error: unknown) => {
          assert.ok(refusal('invalid_data', 'data.theme', 'data.cart[0].amount', 'onInvalid')(error))
          assert.doesNotMatch(String(error), /secret|hidden/)
          return true
        })
        assert.deepEqual(new Set(told(on).flat()), new Set(['invalid', 'error', 'data.theme', 'data.cart[0].amount']))
      })

      test('or loses the keys that do not fit, and is written by the next change only', async () => {
        const on = await site(schema, { ...OLD, theme: 'blue' }, { inCookies, onInvalid: 'drop' })
        const session = await on.open()
        assert.deepEqual(session.data, { visits: 3, cart: OLD.cart })
        await on.commit(session)
        assert.deepEqual(on.writes(), [])
        assert.deepEqual(told(on), [['invalid', 'dropped', 'data.theme']])
        await on.commit(await changed(on, (data) => (data.visits += 1)))
        assert.deepEqual(await on.stored(), { visits: 4, cart: OLD.cart })
      })

      test('or goes to a function, whose answer is checked, too', async () => {
        const seen: (readonly SchemaIssue[])[] = []
        const on = await site(
          schema,
          { ...OLD, theme: 'black', left: 1 },
          {
            inCookies,
            async onInvalid({ visits, theme, cart }, issues) {
              seen.push(issues)
              return { visits, theme: theme === 'black' ? 'dark' : 'light', cart }
            },
          },
        )
        assert.deepEqual((await on.open()).data, NEW)
        assert.equal(seen[0]?.length, 1)
        assert.deepEqual(told(on), [['invalid', 'migrated', 'data.theme']])

        const unfit = await site(schema, { theme: 'black' }, { inCookies, onInvalid: () => ({ visits: 'many' }) })
        await assert.rejects(unfit.open(), refusal('invalid_data', 'data.visits', 'onInvalid returned'))
        assert.deepEqual(told(unfit), [['invalid', 'error', 'data.theme']])
        const none = await site(schema, { theme: 'black' }, { inCookies, onInvalid: () => undefined })
        assert.deepEqual((await none.open()).data, { visits: 0, cart: [] })
      })

      test('what does not fit is not saved: the commit says where, save() and update() as well', async () => {
        const on = await site(schema, NEW, { inCookies })
        const wrong = (data: Shop): void => void Object.assign(data, { theme: 'secret' })
        const refused = refusal('invalid_data', 'data.theme', 'nothing was saved', /^(?!.*secret)/)
        const session = await changed(on, wrong)
        await assert.rejects(async () => on.sessions.commit(session), refused)
        await assert.rejects(session.save(), refused)
        session.data.theme = 'light'
        await assert.rejects(session.update(wrong), refused)
        assert.equal(session.data.theme, 'light')
        assert.deepEqual(await on.stored(), NEW)

        const fresh = await site(schema, undefined, { inCookies })
        await assert.rejects(async () => fresh.sessions.commit(await changed(fresh, wrong)), refused)
        assert.deepEqual(fresh.writes(), [])
      })

      test('regenerate(), logout() and destroy() leave the defaults, and lose nothing worth an event', async () => {
        const on = await site(schema, NEW, { inCookies })
        const session = await on.open()
        await session.regenerate({ keep: ['theme'] })
        assert.deepEqual(session.data, { visits: 0, cart: [], theme: 'dark' })
        await login(session, 'ada')
        await logout(session)
        assert.deepEqual(session.data, { visits: 0, cart: [] })
        await on.commit(session)
        assert.deepEqual(await on.stored(), {})

        const other = await site(schema, NEW, { inCookies })
        const ended = await other.open()
        await ended.destroy()
        assert.deepEqual(ended.data, { visits: 0, cart: [] })
        await other.commit(ended)
        assert.deepEqual(other.events, [])
      })

      test('keys of other packages stay, though the schema does not know them', async () => {
        const on = await site(schema, { ...NEW, passport: { user: 7 } }, { inCookies })
        const session = await on.open()
        flash(session, 'info', 'Saved')
        await on.commit(session)
        const next = await changed(on, (data) => (data.visits = 4))
        assert.deepEqual(takeFlashes(next), [{ category: 'info', message: 'Saved' }])
        await on.commit(next)
        assert.deepEqual(await on.stored(), { ...NEW, visits: 4, passport: { user: 7 } })
      })

      test('reload() brings what fits, as it was before this request', async () => {
        const on = await site(schema, OLD, { inCookies })
        const session = await changed(on, (data) => (data.visits = 9))
        await session.reload()
        assert.deepEqual(session.data, NEW)
      })
    })
  }

  suite(`requests at once under a schema of ${library}`, () => {
    test('both changes to a record of before the schema survive, and nothing clashes', async () => {
      const on = await site(schema, OLD)
      const [one, two] = [await on.open(), await on.open()]
      one.data.visits += 1
      two.data.cart.push({ name: 'milk', amount: 1 })
      await on.commit(one)
      await on.commit(two)
      assert.deepEqual((await on.open()).data, { ...NEW, visits: 4, cart: [...NEW.cart, { name: 'milk', amount: 1 }] })
      assert.deepEqual(on.events, [])
    })

    test('a conflict with a release without the schema is merged in the form the schema gives', async () => {
      const on = await site(schema, OLD)
      const session = await changed(on, (data) => (data.theme = 'light'))
      await on.storeOld({ visits: '8' })
      await on.commit(session)
      assert.deepEqual(session.data, { ...NEW, visits: 8, theme: 'light' })
      assert.deepEqual(await on.stored(), { ...NEW, visits: 8, theme: 'light' })
      assert.deepEqual(on.events, [])
    })

    test('update() gets the newest data as the schema gives it', async () => {
      const on = await site(schema, OLD)
      const session = await on.open()
      await on.storeOld({ visits: '8' })
      await session.update((data) => (data.visits += 1))
      assert.equal(session.data.visits, 9)
    })
  })
}

/** The same schema, whose every answer is a promise. */
function slowly<Output>(schema: StandardSchema<Output>): StandardSchema<Output> {
  const { version, vendor, validate } = schema['~standard']
  return { '~standard': { version, vendor, validate: async (value) => validate(value) } }
}

suite('what a schema may be, and what it may do', () => {
  const store = memoryStore()

  test('misuse is refused at construction, naming the mend', () => {
    const cases: Readonly<Record<string, readonly [options: object, ...parts: (string | RegExp)[]]>> = {
      'a plain object': [{ schema: { visits: 'number' } }, 'schema is none by Standard Schema 1', 'zod'],
      'a JSON schema as text': [{ schema: '{}' }, 'schema is none'],
      nothing: [{ schema: null }, 'schema is none'],
      'a later version': [
        { schema: { '~standard': { version: 2, validate: () => ({ value: {} }) } } },
        'schema is none',
      ],
      'a key that no new session has': [
        { schema: z.object({ user: z.string() }) },
        'data.user',
        'every session begins empty',
      ],
      'no object': [{ schema: z.any().transform(() => 'text') }, 'no object'],
      'a list': [{ schema: z.any().transform(() => []) }, 'no object'],
      'a policy that does not exist': [{ schema: zod, onInvalid: 'ignore' }, 'onInvalid is "ignore"', "'drop'"],
      'a policy without a schema': [{ onInvalid: 'drop' }, 'onInvalid has no effect without a schema'],
    }
    for (const [name, [options, ...parts]] of Object.entries(cases)) {
      assert.throws(() => createSessions({ store, ...options }), refusal('bad_option', ...parts), name)
    }
    const unstorable = z.object({ on: z.any().default(() => () => 1) })
    assert.throws(() => createSessions({ store, schema: unstorable }), refusal('bad_value', 'data.on', 'function'))
  })

  test('it may be asynchronous; then an empty session it refuses is found by the first request', async () => {
    const name = z.string().refine(async (text) => text !== 'taken')
    const open = { cookie: undefined, secure: false }
    const sessions = createSessions({
      store,
      cookie: { secure: false },
      schema: z.object({ name: name.default('none') }),
    })
    const session = await sessions.open(open)
    assert.deepEqual(session.data, { name: 'none' })
    session.data.name = 'taken'
    await assert.rejects(async () => sessions.commit(session), refusal('invalid_data', 'data.name'))
    session.data.name = 'free'
    await session.save()
    const refusing = createSessions({ store, schema: slowly(z.object({ name })) })
    await assert.rejects(refusing.open(open), refusal('bad_option', 'data.name'))
    const { '~standard': standard } = slowly(z.object({}))
    const validate = (): Promise<never> => Promise.reject(new Error('no network'))
    const broken = createSessions({ store, schema: { '~standard': { ...standard, validate } } })
    await assert.rejects(broken.open(open), /no network/)
  })

  test('a default that is made anew is each visitor’s own, and stays from the first save on', async () => {
    let drawn = 0
    const schema = z.object({ token: z.number().default(() => (drawn += 1)), name: z.string().optional() })
    const sessions = createSessions({ store, cookie: { secure: false }, schema })
    const [one, two] = [
      await sessions.open({ cookie: undefined, secure: false }),
      await sessions.open({ cookie: undefined, secure: false }),
    ]
    assert.notEqual(one.data.token, two.data.token)
    one.data.name = 'Ada'
    const [line = ''] = (await sessions.commit(one)).setCookie
    const again = await sessions.open({ cookie: line.split(';')[0], secure: false })
    assert.deepEqual(again.data, { token: one.data.token, name: 'Ada' })
  })

  test('a key whose output is undefined goes; one that the answer leaves out stays', async () => {
    const schema = z.object({
      visits: z.coerce.number().default(0),
      cart: z.array(z.any()).default([]),
      legacy: z
        .unknown()
        .optional()
        .transform(() => undefined),
    })
    const on = await site(schema, { visits: 1, legacy: 'x', other: 'y' })
    assert.deepEqual((await on.open()).data, { visits: 1, cart: [], other: 'y' })
  })

  test('“drop” goes on until the rest fits, and begins empty when nothing names what is wrong', async () => {
    const pair = z
      .object({ visits: z.number().default(0), cart: z.array(z.any()).default([]), from: z.number(), to: z.number() })
      .partial({ from: true, to: true })
    const rule = pair.refine(({ from, to }) => (from ?? 0) <= (to ?? Infinity), { path: ['to'] })
    const stored = { visits: '1', cart: [1], from: 2, to: 1 }
    const on = await site(rule, stored, { onInvalid: 'drop' })
    assert.deepEqual((await on.open()).data, { visits: 0, cart: [1], from: 2 })
    const whole = pair.refine(({ from, to }) => (from ?? 0) <= (to ?? Infinity))
    const none = await site(whole, { ...stored, visits: 1 }, { onInvalid: 'drop' })
    assert.deepEqual((await none.open()).data, { visits: 0, cart: [] })
  })

  test('dates, maps and the rest of what is kept pass through it', async () => {
    const schema = z.object({
      seen: z.date().optional(),
      marks: z.map(z.string(), z.set(z.bigint())).optional(),
      key: z.instanceof(Uint8Array).optional(),
    })
    const sessions = createSessions({ store, cookie: { secure: false }, schema })
    const session = await sessions.open({ cookie: undefined, secure: false })
    const data = { seen: new Date(0), marks: new Map([['a', new Set([1n])]]), key: Uint8Array.of(1, 2) }
    Object.assign(session.data, data)
    const [line = ''] = (await sessions.commit(session)).setCookie
    assert.deepEqual((await sessions.open({ cookie: line.split(';')[0], secure: false })).data, data)
  })

  test('a session whose record cannot be decoded is a new one, as without a schema', async () => {
    const on = await site(zod, OLD)
    const { gates } = on
    const id = gates.calls[0]?.id ?? ''
    const record = await gates.store.read(id, 0)
    assert.ok(record)
    const payload = record.payload.replace('"dark"', '!')
    assert.notEqual(await gates.store.update(id, record.version, { ...record, payload }, 0), 'conflict')
    assert.deepEqual((await on.open()).data, { visits: 0, cart: [] })
    assert.deepEqual(
      on.events.map(({ name, event }) => [name, event['reason']]),
      [['rejected', 'unreadable']],
    )
  })

  test('a request whose session was renewed by a release without the schema keeps data that fits', async () => {
    const clock = testClock()
    const common: SessionsOptions = { store: memoryStore(), clock, cookie: { secure: false }, lifetime: '10d' }
    const old = createSessions({ ...common, renewAfter: '15m' })
    const first = await old.open({ cookie: undefined, secure: false })
    Object.assign(first.data, OLD)
    const [line = ''] = (await old.commit(first)).setCookie
    const visit = { cookie: line.split(';')[0], secure: false }

    const sessions = createSessions({ ...common, schema: zod })
    const session = await sessions.open(visit)
    clock.advance(2 * 86_400_000)
    const [renewed = ''] = (await old.commit(await old.open(visit))).setCookie
    assert.notEqual(renewed.split(';')[0], visit.cookie)
    assert.deepEqual((await sessions.commit(session)).setCookie[0]?.split(';')[0], renewed.split(';')[0])
    assert.deepEqual(session.data, NEW)
  })

  test('describe() says that data is checked', () => {
    assert.match(createSessions({ store, schema: zod }).describe(), /checked by a schema/)
    assert.doesNotMatch(createSessions({ store }).describe(), /schema/)
  })
})
