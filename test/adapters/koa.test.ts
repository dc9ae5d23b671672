/** `ctx.session` as Koa's users know it. What every adapter does is in the adapter cases. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import Koa from 'koa'
import { session } from '../../src/adapters/koa.ts'
import type { KoaOptions, SessionContext } from '../../src/adapters/koa.ts'
import { createSessions } from '../../src/sessions.ts'
import type { Sessions } from '../../src/sessions.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { gatedStore } from '../../src/testing/gates.ts'
import type { Gates } from '../../src/testing/gates.ts'
import { answerPast, ask, listen, until } from './wire.ts'
import type { Answer } from './wire.ts'

interface Data {
  user: string
  cart: string[]
}

type App = Koa<Koa.DefaultState, SessionContext<Data>>

interface World {
  readonly app: App
  readonly gates: Gates
  readonly sessions: Sessions<Data>
  readonly errors: readonly unknown[]
  /** A browser with a cookie jar. */
  readonly visit: () => Promise<(path: string) => Promise<Answer>>
}

function world(t: TestContext, options: KoaOptions<Koa.Context> = {}): World {
  const gates = gatedStore(memoryStore())
  const sessions = createSessions<Data>({ store: gates.store, cookie: { secure: false }, sweepEvery: false })
  const app: App = new Koa()
  const errors: unknown[] = []
  app.on('error', (error) => errors.push(error))
  app.use(session(sessions, options))
  let port: Promise<number> | undefined
  return {
    app,
    gates,
    sessions,
    errors,
    async visit() {
      const listener = app.callback()
      port ??= listen(createServer((req, res) => void listener(req, res))).then((listening) => {
        t.after(listening.close)
        return listening.port
      })
      const at = await port
      let cookie = ''
      return async (path) => {
        const answer = await ask(at, { path, ...(cookie && { headers: { cookie } }) })
        const set = answer.headers['set-cookie']?.find((line) => line.startsWith('id='))
        if (set !== undefined) cookie = set.slice(0, set.indexOf(';'))
        return answer
      }
    },
  }
}

/** Pages by path. */
function pages(
  app: App,
  handlers: Readonly<Record<string, (ctx: Parameters<Parameters<App['use']>[0]>[0]) => unknown>>,
): void {
  app.use(async (ctx) => {
    await handlers[ctx.path]?.(ctx)
  })
}

suite('ctx.session', () => {
  test('is the same data as sessions.of(ctx), typed, with members that are not in it', async (t) => {
    const { app, sessions, visit } = world(t)
    pages(app, {
      '/put': (ctx) => {
        ctx.session.user = 'ada'
        ctx.session.cart = ['a']
        ctx.session.cart.push('b')
        assert.deepEqual(sessions.of(ctx).data, { user: 'ada', cart: ['a', 'b'] })
        assert.equal(ctx.session.id, sessions.of(ctx).id)
        assert.throws(() => Object.assign(ctx.session, { save: 1 }), {
          code: 'bad_value',
          message: /ctx\.session\.save/,
        })
        ctx.body = ctx.session
      },
      '/replace': (ctx) => {
        ctx.session = { user: 'bob' }
        ctx.body = ctx.session
      },
      '/end': (ctx) => {
        ctx.session = null
        ctx.body = typeof ctx.session
      },
    })
    const ada = await visit()
    assert.equal((await ada('/put')).body, '{"user":"ada","cart":["a","b"]}')
    assert.equal((await ada('/replace')).body, '{"user":"bob"}')
    const { body, headers } = await ada('/end')
    assert.equal(body, 'undefined')
    assert.match(headers['set-cookie']?.[0] ?? '', /^id=; Max-Age=0/)
  })

  test('lazy: it throws until somebody has asked, and is the same session from then on', async (t) => {
    const { app, sessions, visit } = world(t, { lazy: true })
    pages(app, {
      '/': async (ctx) => {
        assert.throws(() => ctx.session, { code: 'not_loaded', message: /await sessions\.get\(request\) first/ })
        const { data } = await sessions.get(ctx)
        ctx.session.user = 'ada'
        ctx.body = data
      },
    })
    assert.equal((await (await visit())('/')).body, '{"user":"ada"}')
  })

  test('a second middleware on one property is an error, as on one cookie', async (t) => {
    for (const [cookie, property] of [
      ['other', 'session'],
      ['id', 'second'],
    ] as const) {
      const { app, errors, visit } = world(t)
      const again = createSessions({ store: memoryStore(), cookie: { secure: false, name: cookie }, sweepEvery: false })
      app.use(session(again, { property }))
      assert.equal((await (await visit())('/')).status, 500)
      assert.deepEqual(
        errors.map((error) => Object(error).code),
        ['registered_twice'],
      )
    }
  })
})

suite('responses', () => {
  test('Koa’s own error response, which drops all headers, carries the new ID of a login that failed later', async (t) => {
    const { app, errors, visit } = world(t)
    pages(app, {
      '/put': (ctx) => (ctx.session.cart = ['a']),
      '/login': async (ctx) => {
        await ctx.session.regenerate()
        ctx.session.user = 'half'
        ctx.set('x-page', '1')
        throw new Error('a bug on purpose')
      },
      '/read': (ctx) => (ctx.body = ctx.session),
    })
    const ada = await visit()
    await ada('/put')
    const { status, headers, body } = await ada('/login')
    assert.deepEqual([status, body, headers['x-page']], [500, 'Internal Server Error', undefined])
    assert.match(headers['set-cookie']?.[0] ?? '', /^id=[\w-]{43}; /)
    assert.equal(headers['vary']?.[0], 'Cookie')
    assert.equal((await ada('/read')).body, '{}', 'the new, empty session')
    assert.deepEqual(errors.map(String), ['Error: a bug on purpose'])
  })

  test('ctx.throw below 500 is an answer like any other: what was put in is kept', async (t) => {
    const { app, visit } = world(t)
    pages(app, {
      '/wrong': (ctx) => {
        ctx.session.user = 'tried'
        ctx.throw(401, 'who are you?')
      },
      '/read': (ctx) => (ctx.body = ctx.session),
    })
    const ada = await visit()
    const { status, body } = await ada('/wrong')
    assert.deepEqual([status, body], [401, 'who are you?'])
    assert.equal((await ada('/read')).body, '{"user":"tried"}')
  })

  test('ctx.respond = false: what the handler sends itself is saved for, and carries the cookie', async (t) => {
    const { app, visit } = world(t)
    pages(app, {
      '/': (ctx) => {
        ctx.session.user = 'ada'
        ctx.respond = false
        ctx.res.writeHead(202, { 'x-own': '1' })
        setImmediate(() => ctx.res.end('later'))
      },
      '/read': (ctx) => (ctx.body = ctx.session),
    })
    const ada = await visit()
    const { status, headers, body } = await ada('/')
    assert.deepEqual([status, body, headers['x-own'], headers['set-cookie']?.length], [202, 'later', ['1'], 1])
    assert.equal((await ada('/read')).body, '{"user":"ada"}')
  })

  test('a failed save is Koa’s error event and a plain 500, or onCommitError’s answer', async (t) => {
    for (const own of [false, true]) {
      const options: KoaOptions<Koa.Context> = {
        onCommitError: (error, ctx) => void ctx.res.writeHead(503).end(`${ctx.path} ${Object(error).code}`),
      }
      const { app, gates, errors, visit } = world(t, own ? options : {})
      pages(app, { '/a': (ctx) => (ctx.session.user = ctx.body = 'ada') })
      gates.fail('create', new Error('the secret of the store'))
      const { status, body } = await (await visit())('/a')
      assert.deepEqual([status, body], own ? [503, '/a store_failed'] : [500, 'Internal Server Error'])
      assert.deepEqual(
        errors.map((error) => Object(error).code),
        own ? [] : ['store_failed'],
      )
    }
  })

  test('what writes past the response is warned of, with what was lost', async (t) => {
    const { app, sessions, visit } = world(t)
    const late: string[] = []
    sessions.on('late', ({ keys }) => late.push(...keys))
    pages(app, {
      '/': (ctx) => {
        ctx.session.user = 'ada'
        ctx.respond = false
        answerPast(ctx.res, 'past')
      },
    })
    const codes: unknown[] = []
    const collect = (warning: Error): void => void codes.push(Object(warning).code)
    process.on('warning', collect)
    t.after(() => process.off('warning', collect))
    assert.equal((await (await visit())('/')).body, 'past')
    await until(() => codes.length > 0, 'the warning')
    assert.deepEqual([codes, late], [['COATCHECK_HEAD_SENT'], ['user']])
  })

  test('activity: false keeps a request from counting as a visit', async (t) => {
    const asked: string[] = []
    const { visit } = world(t, {
      activity: (ctx) => {
        asked.push(ctx.path)
        return false
      },
    })
    await (
      await visit()
    )('/poll')
    assert.deepEqual(asked, ['/poll'])
  })
})
