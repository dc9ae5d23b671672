/** What the application sees of a response whose head is held, call by call. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import net from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { holdHead } from '../../src/adapters/held-head.ts'
import type { Reply } from '../../src/request/reply.ts'
import { ask, ask2, gate, listen, until } from './wire.ts'

type Req = http.IncomingMessage
type Res = http.ServerResponse

const COOKIE: Reply = { setCookie: ['id=new; Path=/'], varyCookie: true }
const NONE: Reply = { setCookie: [], varyCookie: false }
const OURS = ['id=new; Path=/']

interface Setup {
  /** Runs with the head held by `commit`. */
  readonly handler: (req: Req, res: Res) => unknown
  readonly commit?: (status: number) => Reply | Promise<Reply>
  readonly before?: (req: Req, res: Res) => void
  readonly answer?: (error: unknown, res: Res) => void
}

async function serve(t: TestContext, { handler, commit = soon, before, answer }: Setup): Promise<number> {
  const server = http.createServer((req, res) => {
    before?.(req, res)
    holdHead(res, { commit, answer: answer && ((error) => answer(error, res)) })
    handler(req, res)
  })
  const { port, close } = await listen(server)
  t.after(close)
  return port
}

async function soon(): Promise<Reply> {
  await new Promise((resolve) => setTimeout(resolve, 2))
  return COOKIE
}

async function failing(): Promise<Reply> {
  await new Promise((resolve) => setTimeout(resolve, 2))
  throw new Error('the secret of the store')
}

test('calls are made in order once the commit settles, and callbacks run', async (t) => {
  const committed = gate<Reply>()
  const ran: string[] = []
  let held: unknown[] = []
  const port = await serve(t, {
    commit: () => committed.promise,
    handler: (_req, res) => {
      res.setHeader('x-before', '1')
      held = [res.headersSent, res.writableEnded, res.writableFinished]
      assert.equal(
        res.write('a', () => ran.push('a')),
        true,
      )
      assert.equal(
        res.write('Yg==', 'base64', () => ran.push('b')),
        true,
      )
      held.push(res.headersSent, res.writableEnded)
      assert.equal(
        res.end('c', () => ran.push('end')),
        res,
      )
      held.push(res.headersSent, res.writableEnded, res.finished, res.writableFinished)
      res.on('finish', () => ran.push('finish'))
      res.on('close', () => ran.push('close'))
    },
  })
  const answered = ask(port)
  await until(() => held.length === 9, 'the handler has run')
  assert.deepEqual(held, [false, false, false, true, false, true, true, false, false])
  assert.equal(ran.length, 0)
  committed.resolve(COOKIE)
  const { status, body, headers, complete } = await answered
  assert.deepEqual([status, body, complete], [200, 'abc', true])
  assert.deepEqual([headers['set-cookie'], headers['vary'], headers['x-before']], [OURS, ['Cookie'], ['1']])
  await until(() => ran.includes('close'), 'the response has closed')
  assert.deepEqual(ran.toSorted(), ['a', 'b', 'close', 'end', 'finish'])
})

test('a server that is closed while a response is held lets it go out first', async (t) => {
  const committed = gate<Reply>()
  const reached = gate<http.Server>()
  const port = await serve(t, {
    commit: () => committed.promise,
    handler: (req, res) => {
      res.end('x')
      const { server } = req.socket as unknown as { server: http.Server }
      reached.resolve(server)
    },
  })
  const answered = ask(port)
  const server = await reached.promise
  server.close()
  server.closeIdleConnections()
  committed.resolve(COOKIE)
  assert.deepEqual((await answered).status, 200)
})

test('no byte leaves before the commit settles', async (t) => {
  const committed = gate<Reply>()
  const port = await serve(t, { commit: () => committed.promise, handler: (_req, res) => void res.end('x') })
  const socket = net.connect(port, '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')
  let got = ''
  socket.on('data', (chunk: Buffer) => void (got += chunk.toString()))
  await new Promise((resolve) => setTimeout(resolve, 30))
  assert.equal(got, '')
  committed.resolve(COOKIE)
  await once(socket, 'close')
  assert.equal(got.match(/HTTP\/1.1 200 OK/g)?.length, 2, 'both pipelined requests are answered')
})

test('a commit that answers at once holds nothing, and the methods are Node’s again', async (t) => {
  let own: unknown[] = []
  const port = await serve(t, {
    commit: () => NONE,
    handler: (_req, res) => {
      res.write('a')
      const { prototype } = http.ServerResponse
      own = [res.write === prototype.write, res.writeHead === prototype.writeHead, res.end === prototype.end]
      own.push(res.socket?.bytesWritten !== 0 || res.headersSent)
      res.end('b')
    },
  })
  assert.equal((await ask(port)).body, 'ab')
  assert.deepEqual(own, [true, true, true, true])
})

test('an implied head keeps Node’s framing: end(body) has a length, commit at once or not', async (t) => {
  for (const commit of [(): Reply => COOKIE, soon]) {
    const port = await serve(t, { commit, handler: (_req, res) => void res.end('five!') })
    const { headers, body } = await ask(port)
    assert.deepEqual([headers['content-length'], headers['transfer-encoding'], body], [['5'], undefined, 'five!'])
    assert.deepEqual(headers['set-cookie'], OURS)
  }
})

test('commit is told the status about to be sent, once', async (t) => {
  const told: number[] = []
  for (const handler of [
    (_: Req, res: Res): unknown => res.writeHead(503).end('x'),
    (_: Req, res: Res): unknown => ((res.statusCode = 404), res.end('x')),
    (_: Req, res: Res): unknown => (res.write('x'), res.flushHeaders(), res.write('y'), res.end()),
  ]) {
    const commit = (status: number): Promise<Reply> => (told.push(status), soon())
    const port = await serve(t, { commit, handler })
    await ask(port)
  }
  assert.deepEqual(told, [503, 404, 200])
})

test('Set-Cookie given to writeHead does not replace ours, in any of its forms', async (t) => {
  const forms: readonly (readonly unknown[])[] = [
    [201, { 'set-cookie': 'a=1', 'x-app': '1' }],
    [201, 'Made', { 'Set-Cookie': ['a=1'], 'x-app': '1' }],
    [201, undefined, { 'set-cookie': 'a=1', 'x-app': '1' }],
    [201, ['Set-Cookie', 'a=1', 'X-App', '1']],
    [201, ['Set-Cookie', ['a=1'], 'X-App', '1']],
    [
      201,
      'Made',
      [
        ['set-cookie', 'a=1'],
        ['x-app', '1'],
      ],
    ],
  ]
  for (const commit of [(): Reply => COOKIE, soon]) {
    for (const form of forms) {
      const port = await serve(t, {
        commit,
        handler: (_req, res) => {
          res.setHeader('set-cookie', ['replaced=1']) // as Node does it: what writeHead is given replaces this
          const given = structuredClone(form)
          Function.prototype.apply.call(Reflect.get(res, 'writeHead'), res, given)
          res.end('x', () => assert.deepEqual(given, form, 'the application’s own lists are left alone'))
        },
      })
      const { status, reason, headers } = await ask(port)
      assert.deepEqual([status, reason], [201, form[1] === 'Made' ? 'Made' : 'Created'], JSON.stringify(form))
      assert.deepEqual(headers['set-cookie'], ['a=1', ...OURS], JSON.stringify(form))
      assert.deepEqual(headers['x-app'], ['1'], JSON.stringify(form))
    }
  }
})

test('with nothing to add, writeHead’s arguments reach Node as they are: duplicates and order stay', async (t) => {
  const port = await serve(t, {
    commit: () => Promise.resolve(NONE),
    handler: (_req, res) => res.writeHead(200, ['X-B', '1', 'X-A', '2', 'x-b', '3']).end(),
  })
  const { headers } = await ask(port)
  assert.deepEqual([headers['x-b'], headers['x-a'], headers['set-cookie']], [['1', '3'], ['2'], undefined])
})

test('while held the head cannot be changed: a second answer cannot corrupt the first', async (t) => {
  const refused: unknown[] = []
  const port = await serve(t, {
    handler: (_req, res) => {
      res.setHeader('content-length', '5')
      res.end('first')
      for (const attempt of [
        () => res.setHeader('content-length', '1'),
        () => res.appendHeader('x-late', '1'),
        () => res.removeHeader('content-length'),
        () => res.setHeaders(new Map([['x-late', '1']])),
        () => res.writeHead(500),
      ]) {
        try {
          attempt()
        } catch (error) {
          refused.push((error as NodeJS.ErrnoException).code)
        }
      }
    },
  })
  const { status, body, headers } = await ask(port)
  assert.deepEqual([status, body, headers['content-length'], headers['x-late']], [200, 'first', ['5'], undefined])
  assert.deepEqual(refused, Array(5).fill('ERR_HTTP_HEADERS_SENT'))
})

test('write answers false from the high-water mark on, and drain follows the commit', async (t) => {
  const committed = gate<Reply>()
  const answers: boolean[] = []
  let drained = false
  const port = await serve(t, {
    commit: () => committed.promise,
    handler: (_req, res) => {
      const mark = res.writableHighWaterMark
      answers.push(res.write(Buffer.alloc(mark - 1, 'a')), res.write('b'), res.write('c'))
      res.once('drain', () => {
        drained = true
        res.end('d')
      })
    },
  })
  const answered = ask(port)
  await until(() => answers.length === 3, 'the handler has run')
  assert.deepEqual(answers, [true, false, false])
  assert.equal(drained, false)
  committed.resolve(COOKIE)
  assert.match((await answered).body, /^a+bcd$/)
})

test('a stream piped into a held response is read up to the mark, then on, and arrives whole', async (t) => {
  const committed = gate<Reply>()
  let pulled = 0
  const total = 200
  const port = await serve(t, {
    commit: () => committed.promise,
    handler: (_req, res) => {
      const source = new Readable({
        highWaterMark: 1024,
        read() {
          this.push(pulled++ < total ? Buffer.alloc(1024, 'x') : null)
        },
      })
      source.pipe(res)
    },
  })
  const answered = ask(port)
  await until(() => pulled > 0, 'the source is read')
  await new Promise((resolve) => setTimeout(resolve, 20))
  assert(pulled <= 70, `${pulled} KiB were read while held`)
  committed.resolve(COOKIE)
  const { length, complete } = await answered
  assert.deepEqual([length, complete], [total * 1024, true])
})

test('1xx answers pass before the head, and are no longer due once it is held', async (t) => {
  const committed = gate<Reply>()
  let refused: unknown
  const port = await serve(t, {
    commit: () => committed.promise,
    handler: (_req, res) => {
      res.writeContinue()
      res.writeProcessing()
      res.writeEarlyHints({ link: '</a.css>; rel=preload; as=style' })
      res.end('x')
      // The application has sent its head. What Node then makes of a hint is Node's choice, and differs by version.
      try {
        res.writeEarlyHints({ link: '</b.css>; rel=preload; as=style' })
      } catch (error) {
        refused = error
      }
      committed.resolve(COOKIE)
    },
  })
  const { early, status, headers } = await ask(port)
  const hints = refused === undefined ? [103, 103] : [103]
  assert.deepEqual([early, status, headers['set-cookie']], [[100, 102, ...hints], 200, OURS])
  if (refused !== undefined) assert.equal(Object(refused).code, 'ERR_HTTP_HEADERS_SENT')
})

test('a failed commit: head as it was before us, plain 500, callbacks told, late writes harmless', async (t) => {
  const told: unknown[] = []
  const port = await serve(t, {
    commit: failing,
    before: (_req, res) => {
      res.setHeader('x-outer', 'stays')
      res.setHeader('set-cookie', ['other=1'])
      res.statusCode = 203
    },
    handler: (_req, res) => {
      res.appendHeader('set-cookie', 'app=1')
      res.statusMessage = 'Fine'
      res.setHeader('content-length', 4000)
      res.write('private page', (error) => told.push(error?.message))
      const ticking = setInterval(() => {
        assert.equal(res.write('tick'), true)
        if (res.writableFinished) {
          clearInterval(ticking)
          res.end('late', () => told.push('end'))
        }
      }, 1)
    },
  })
  const { status, reason, body, headers, complete } = await ask(port)
  assert.deepEqual([status, reason, body, complete], [500, 'Internal Server Error', 'Internal Server Error', true])
  assert.deepEqual(
    [headers['x-outer'], headers['set-cookie'], headers['cache-control']],
    [['stays'], ['other=1'], ['no-store']],
  )
  assert.deepEqual(headers['content-length'], ['21'])
  await until(() => told.length === 2, 'the late end is over')
  assert.deepEqual(told, ['the secret of the store', 'end'])
})

test('middleware mounted after us is asked for its headers once, before the commit', async (t) => {
  for (const commit of [(): Reply => COOKIE, soon]) {
    const order: string[] = []
    const port = await serve(t, {
      commit: (status) => {
        order.push(`commit ${status}`)
        return commit()
      },
      handler: (_req, res) => {
        const writeHead = res.writeHead.bind(res)
        res.writeHead = ((...args: unknown[]) => {
          order.push('writeHead')
          res.appendHeader('x-inner', String(order.length))
          return Reflect.apply(writeHead, undefined, args)
        }) as never
        res.end('x')
      },
    })
    const { headers } = await ask(port)
    assert.deepEqual(
      [order, headers['x-inner'], headers['content-length']],
      [['writeHead', 'commit 200'], ['1'], ['1']],
    )
    assert.deepEqual(headers['set-cookie'], OURS)
  }
})

test('an onCommitError that throws leaves a plain 500 and a warning', async (t) => {
  const warned = once(process, 'warning')
  const answer = (_error: unknown, res: Res): void => {
    res.setHeader('content-length', '3')
    throw new Error('a bug on purpose')
  }
  const port = await serve(t, { handler: (_req, res) => res.end('x'), commit: failing, answer })
  const { status, body, complete } = await ask(port)
  assert.deepEqual([status, body, complete], [500, 'Internal Server Error', true])
  assert.equal((await warned)[0].code, 'COATCHECK_ANSWER_FAILED')
})

test('onCommitError’s answer goes out instead, now or later', async (t) => {
  const handler = (_req: Req, res: Res): void => {
    res.statusCode = 302
    res.setHeader('location', '/in')
    res.end()
  }
  const seen: unknown[] = []
  const answer = (error: unknown, res: Res): void => {
    seen.push((error as Error).message, res.statusCode)
    res.writeHead(503, { 'retry-after': '1' }).end('later')
  }
  for (const wait of [(run: () => void) => run(), (run: () => void) => void setTimeout(run, 3)]) {
    const port = await serve(t, {
      handler,
      commit: failing,
      before: (_req, res) => (res.statusCode = 203),
      answer: (error, res) => wait(() => answer(error, res)),
    })
    const { status, body, headers } = await ask(port)
    assert.deepEqual([status, body, headers['retry-after'], headers['location']], [503, 'later', ['1'], undefined])
  }
  assert.deepEqual(seen, ['the secret of the store', 203, 'the secret of the store', 203])
})

test('arguments that Node refuses while the head is held are a 500 that keeps the cookie, never a crash', async (t) => {
  for (const handler of [
    (_: Req, res: Res): unknown => res.writeHead(99).end('x'),
    (_: Req, res: Res): unknown => res.writeHead(200, { 'x-bad': 'a\nb' }).end('x'),
    (_: Req, res: Res): unknown => res.end(123 as never),
  ]) {
    const port = await serve(t, { handler })
    const { status, headers, body } = await ask(port)
    assert.deepEqual([status, body, headers['set-cookie']], [500, 'Internal Server Error', OURS])
  }
})

test('arguments that Node refuses once part of the page is out cut the response off', async (t) => {
  const port = await serve(t, { handler: (_req, res) => (res.write('half'), res.end(123 as never)) })
  const { complete } = await ask(port)
  assert.equal(complete, false)
})

test('destroy and an aborting client while held end quietly, and callbacks are not forgotten', async (t) => {
  for (const commit of [soon, failing]) {
    for (const how of ['destroy', 'abort']) {
      const committed = gate<Reply>()
      const told: string[] = []
      const port = await serve(t, {
        commit: () => committed.promise,
        handler: (_req, res) => {
          res.on('close', () => told.push('close'))
          res.write('x', () => told.push('write'))
          pipeline(Readable.from(['a', 'b']), res).then(
            () => told.push('piped'),
            () => told.push('piped'),
          )
          if (how === 'destroy') res.destroy()
        },
      })
      const socket = net.connect(port, '127.0.0.1')
      socket.on('error', () => {})
      socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n')
      if (how === 'abort') setTimeout(() => socket.destroy(), 10)
      await until(() => told.includes('close'), 'the response is closed')
      commit().then(committed.resolve, committed.reject)
      await until(() => told.includes('write') && told.includes('piped'), `callbacks run after ${how}`)
    }
  }
})

test('HTTP/2: the same through the compatibility API', async (t) => {
  const committed = gate<Reply>()
  let held: unknown[] = []
  let fails = false
  const server = http2.createServer((req, res) => {
    res.setHeader('x-outer', '1')
    holdHead(res, { commit: () => (req.url === '/gate' ? committed.promise : fails ? failing() : soon()) })
    if (req.url === '/head') res.writeHead(201, { 'set-cookie': 'a=1' }).end('x')
    else if (req.url === '/flush') {
      Reflect.get(res, 'flushHeaders').call(res) // @types/node has forgotten it
      res.end('y')
    } else {
      res.createPushResponse({}, () => {})
      res.setHeader('x-app', '1')
      res.writeEarlyHints({ link: '</a.css>; rel=preload; as=style' })
      res.write('a')
      held = [res.headersSent, res.writableEnded]
      res.end('b')
      held.push(res.writableEnded)
    }
  })
  const { port, close } = await listen(server)
  t.after(close)
  const answered = ask2(port, { path: '/gate' })
  await until(() => held.length === 3, 'the handler has run')
  assert.deepEqual(held, [true, false, true])
  committed.resolve(COOKIE)
  const first = await answered
  assert.deepEqual([first.status, first.body, first.headers['set-cookie'], first.early], [200, 'ab', OURS, [103]])
  const second = await ask2(port, { path: '/head' })
  assert.deepEqual([second.status, second.body, second.headers['set-cookie']], [201, 'x', ['a=1', ...OURS]])
  const third = await ask2(port, { path: '/flush' })
  assert.deepEqual([third.status, third.body, third.headers['set-cookie']], [200, 'y', OURS])
  fails = true
  const fourth = await ask2(port)
  assert.deepEqual(
    [fourth.status, fourth.body, fourth.headers['x-app'], fourth.headers['x-outer']],
    [500, 'Internal Server Error', undefined, ['1']],
  )
  assert.equal(fourth.headers['set-cookie'], undefined)
})
