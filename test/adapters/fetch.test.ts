import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { withSession } from '../../src/adapters/fetch.ts'
import type { Session } from '../../src/session.ts'
import { createSessions } from '../../src/sessions.ts'
import type { Sessions } from '../../src/sessions.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { testClock } from '../../src/testing/clock.ts'
import { gatedStore } from '../../src/testing/gates.ts'
import type { Gates } from '../../src/testing/gates.ts'
import { until } from './wire.ts'

interface Data {
  user: string
}

function world(secure = false): { readonly gates: Gates; readonly sessions: Sessions<Data> } {
  const gates = gatedStore(memoryStore())
  return { gates, sessions: createSessions<Data>({ store: gates.store, cookie: { secure }, sweepEvery: false }) }
}

const request = (cookie?: string): Request => new Request('http://localhost/', cookie ? { headers: { cookie } } : {})
const cookieOf = (response: Response): string => response.headers.getSetCookie()[0]?.split(';')[0] ?? ''

test('one response object answered to every visitor does not carry cookies from one to the next', async () => {
  const { sessions } = world()
  const SHARED = new Response(null, { status: 204, headers: { 'x-shared': '1' } })
  const handle = withSession(sessions, (_request: Request, { data }) => {
    data.user = 'someone'
    return SHARED
  })
  const [first, second] = [await handle(request()), await handle(request())]
  assert.deepEqual([first.headers.getSetCookie().length, second.headers.getSetCookie().length], [1, 1])
  assert.notEqual(cookieOf(first), cookieOf(second))
  assert.deepEqual([second.status, second.headers.get('x-shared')], [204, '1'])
  assert.deepEqual([...SHARED.headers], [['x-shared', '1']])
})

test('a session that is left alone leaves the very response alone', async () => {
  const { sessions } = world()
  const response = new Response('static')
  assert.equal(await withSession(sessions, () => response)(request()), response)
})

test('what the server passes beside the request reaches the handler, and sessions.of(request) is the session', async () => {
  const { sessions } = world()
  const handle = withSession(sessions, (asked: Request, session, env: { name: string }, count: number) => {
    assert.equal(sessions.of(asked), session)
    return new Response(`${env.name} ${count}`)
  })
  assert.equal(await (await handle(request(), { name: 'env' }, 2)).text(), 'env 2')
})

test('an error of the handler is passed on, after a commit that keeps only regenerate and destroy', async () => {
  const { sessions, gates } = world()
  const signIn = withSession(sessions, (_request: Request, { data }) => {
    data.user = 'ada'
    return new Response('in')
  })
  const cookie = cookieOf(await signIn(request()))
  const broken = withSession(sessions, async (_request: Request, session) => {
    session.data.user = 'half'
    await session.regenerate({ keep: true })
    throw new Error('a bug on purpose')
  })
  await assert.rejects(broken(request(cookie)), /a bug on purpose/)
  const read = withSession(sessions, (_request: Request, { data }) => Response.json(data))
  assert.equal(await (await read(request(cookie))).text(), '{}', 'the old ID is dead')

  gates.fail('read', new Error('down'))
  await assert.rejects(read(request(cookie)), { code: 'store_failed' })
})

test('a failed save: a plain 500 or onCommitError’s answer, and the page’s stream is cancelled', async () => {
  const { sessions, gates } = world()
  const cancelled: unknown[] = []
  const page = (_request: Request, { data }: { data: Partial<Data> }): Response => {
    data.user = 'ada'
    return new Response(new ReadableStream({ cancel: () => void cancelled.push(1) }), { headers: { 'x-page': '1' } })
  }
  gates.fail('create', new Error('the secret of the store'), { times: 2 })
  const plain = await withSession(sessions, page)(request())
  assert.deepEqual(
    [plain.status, await plain.text(), plain.headers.get('x-page')],
    [500, 'Internal Server Error', null],
  )
  assert.deepEqual(plain.headers.getSetCookie(), [])
  const own = await withSession(sessions, page, {
    onCommitError: (error, { url }) => new Response(`${url} ${Object(error).code}`, { status: 503 }),
  })(request())
  assert.deepEqual([own.status, await own.text()], [503, 'http://localhost/ store_failed'])
  assert.equal(cancelled.length, 2)
})

test('a response that cannot carry a cookie passes untouched, and a warning says what was lost', async () => {
  const { sessions } = world()
  const response = Response.error() // as an upgrade: a status below 200, which only the server itself can make
  const warned = once(process, 'warning')
  const handle = withSession(sessions, (_request: Request, { data }) => {
    data.user = 'ada'
    return response
  })
  assert.equal(await handle(request()), response)
  const [warning] = await warned
  assert.equal(warning.code, 'COATCHECK_COOKIE_LOST')
})

test('nor does such a response renew the ID: the next that can does', async () => {
  const clock = testClock()
  const sessions = createSessions<Data>({
    store: memoryStore(),
    clock,
    cookie: { secure: false },
    sweepEvery: false,
    renewAfter: '15m',
  })
  const renewed: string[] = []
  sessions.on('renewed', ({ id }) => renewed.push(id))
  const cookie = cookieOf(
    await withSession(sessions, (_request: Request, { data }) => {
      data.user = 'ada'
      return new Response('in')
    })(request()),
  )
  clock.advance(15 * 60_000)
  await withSession(sessions, () => Response.error())(request(cookie))
  assert.equal(renewed.length, 0)
  const answer = await withSession(sessions, () => new Response('page'))(request(cookie))
  assert.equal(renewed.length, 1)
  assert.notEqual(cookieOf(answer), cookie)
})

test('a body streams on after the head; changes made meanwhile are reported at its end or when it is given up', async () => {
  const { sessions } = world()
  const late: string[] = []
  sessions.on('late', ({ keys }) => late.push(...keys))
  for (const how of ['end', 'cancel']) {
    const handle = withSession(sessions, (_request: Request, { data }) => {
      data.user = 'ada'
      let parts = 0
      const body = new ReadableStream({
        pull(controller) {
          if (parts++ > 0) Object.assign(data, { [how]: true })
          if (parts > 2) controller.close()
          else controller.enqueue(new TextEncoder().encode('part '))
        },
      })
      return new Response(body)
    })
    const response = await handle(request())
    if (how === 'end') assert.equal(await response.text(), 'part part ')
    else {
      const reader = response.body?.getReader()
      await reader?.read()
      await reader?.read()
      await reader?.cancel()
    }
    await until(() => late.includes(how), `the change is reported at ${how}`)
  }
})

test('a body of a declared length is passed on as it is', async () => {
  const { sessions } = world()
  const body = new Blob(['hello']).stream()
  const handle = withSession(sessions, (_request: Request, { data }) => {
    data.user = 'ada'
    return new Response(body, { headers: { 'content-length': '5' } })
  })
  const response = await handle(request())
  assert.equal(response.body, body)
  assert.equal(await response.text(), 'hello')
})

test('a Secure cookie is set when the URL is https, or the option says so', async () => {
  const { sessions } = world(true)
  const page = (_request: Request, { data }: { data: Partial<Data> }): Response => {
    data.user = 'ada'
    return new Response('in')
  }
  const handle = withSession(sessions, page)
  assert.equal(cookieOf(await handle(request())), '')
  assert.match(cookieOf(await handle(new Request('https://localhost/'))), /^__Host-id=/)
  assert.match(cookieOf(await withSession(sessions, page, { secure: () => true })(request())), /^__Host-id=/)
})

test('twice on one request is an error', async () => {
  const { sessions } = world()
  const inner = withSession(sessions, () => new Response('in'))
  const outer = withSession(sessions, (asked: Request) => inner(asked))
  await assert.rejects(outer(request()), { code: 'registered_twice' })
})

test('activity: false keeps a request from counting as a visit', async () => {
  const clock = testClock()
  const gates = gatedStore(memoryStore())
  const sessions = createSessions<Data>({ store: gates.store, cookie: { secure: false }, sweepEvery: false, clock })
  const page = (_request: Request, { data }: { data: Partial<Data> }): Response => {
    data.user = 'ada'
    return new Response('in')
  }
  const cookie = cookieOf(await withSession(sessions, page)(request()))
  clock.advance(20 * 86_400_000)
  await withSession(sessions, page, { activity: () => false })(request(cookie))
  assert.equal(gates.count('touch'), 0)
  await withSession(sessions, page)(request(cookie))
  assert.equal(gates.count('touch'), 1)
})

test('lazy: the handler gets the way to the session in its place, typed, and the rest behind it', async () => {
  const { sessions, gates } = world()
  const handle = withSession(
    sessions,
    async (asked: Request, getSession, env: string) => {
      if (asked.url.endsWith('/static')) return new Response(env)
      const { data } = await getSession()
      data.user = 'ada'
      assert.equal(sessions.of(asked).data, data)
      return Response.json(data)
    },
    { lazy: true },
  )
  const first = await handle(request(), 'env')
  assert.equal(await first.text(), '{"user":"ada"}')
  const before = gates.count()
  const other = new Request('http://localhost/static', { headers: { cookie: cookieOf(first) } })
  assert.equal(await (await handle(other, 'env')).text(), 'env')
  assert.equal(gates.count(), before)
})

test('onError answers for a handler that throws, and its answer is saved for; what it throws is passed on', async () => {
  const { sessions, gates } = world()
  const broken = async (_request: Request, session: Session<Data>): Promise<Response> => {
    await session.regenerate()
    session.data.user = 'half'
    throw new Error('a bug on purpose')
  }
  const signIn = withSession(sessions, (_request: Request, { data }) => {
    data.user = 'ada'
    return new Response('in')
  })
  const cookie = cookieOf(await signIn(request()))
  const onError = (error: unknown, { url }: Request): Response =>
    new Response(`${url} ${String(error)}`, { status: 500 })
  const answer = await withSession(sessions, broken, { onError })(request(cookie))
  assert.equal(await answer.text(), 'http://localhost/ Error: a bug on purpose')
  assert.match(cookieOf(answer), /^id=[\w-]{43}$/)
  assert.notEqual(cookieOf(answer), cookie)
  const rethrow = (error: unknown): never => {
    throw new Error('no answer', { cause: error })
  }
  const before = gates.count('create')
  await assert.rejects(withSession(sessions, broken, { onError: rethrow })(request(cookieOf(answer))), /no answer/)
  assert.equal(gates.count('create'), before + 1, 'regenerate stands')
})
