/** The relay itself, before a server that counts what it was asked and answers in upper case. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import { until } from '../servers/processes.ts'
import { startRelay } from './relay.ts'
import type { Relay } from './relay.ts'

interface Setup {
  readonly relay: Relay
  /** What the server was asked. */
  readonly asked: string[]
  /** A connection through the relay. */
  readonly client: () => Promise<Client>
}

interface Client {
  readonly socket: Socket
  say(text: string): void
  /** What came back so far. */
  heard(): string
  /** The chunks it came in. */
  chunks(): number
  /** How the connection ended: `ended`, or the code of its error. */
  readonly end: Promise<string>
}

async function setUp(t: TestContext): Promise<Setup> {
  const asked: string[] = []
  const connected = new Set<Socket>()
  const server = createServer((socket) => {
    connected.add(socket)
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      asked.push(chunk.toString())
      if (chunk.toString() === 'bye') socket.end('BYE')
      else socket.write(chunk.toString().toUpperCase())
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const relay = await startRelay((server.address() as AddressInfo).port)
  t.after(async () => {
    await relay[Symbol.asyncDispose]()
    for (const socket of connected) socket.destroy()
    server.close()
  })
  return {
    relay,
    asked,
    async client() {
      const socket = connect(relay.port, '127.0.0.1')
      socket.setNoDelay(true)
      const heard: string[] = []
      socket.on('data', (chunk) => heard.push(chunk.toString()))
      const end = new Promise<string>((resolve) => {
        socket.on('error', (error) => resolve(String(Object(error).code)))
        socket.on('close', () => resolve('ended'))
      })
      t.after(() => socket.destroy())
      await once(socket, 'connect')
      return {
        socket,
        say: (text) => socket.write(text),
        heard: () => heard.join(''),
        chunks: () => heard.length,
        end,
      }
    },
  }
}

suite('the relay', () => {
  test('passes everything on, the last words of a server that leaves included, and counts connections', async (t) => {
    const { relay, client } = await setUp(t)
    const [one, two] = [await client(), await client()]
    one.say('one')
    two.say('bye')
    await until('both are answered', () => one.heard() === 'ONE' && two.heard() === 'BYE')
    assert.equal(await two.end, 'ended')
    assert.equal(relay.connections(), 2)
    assert.equal(relay.address, `127.0.0.1:${relay.port}`)
  })

  test('cut before: the server never hears of it; cut after: it does, and its answer is lost', async (t) => {
    const { relay, asked, client } = await setUp(t)
    relay.next('cut before')
    const first = await client()
    first.say('lost')
    assert.equal(await first.end, 'ECONNRESET')
    relay.next('cut after')
    const second = await client()
    second.say('done')
    assert.equal(await second.end, 'ECONNRESET')
    assert.deepEqual([asked, first.heard(), second.heard()], [['done'], '', ''])
    const third = await client()
    third.say('next')
    await until('only the next one was meant', () => third.heard() === 'NEXT')
  })

  test('asks for the fate of each request, and by connection', async (t) => {
    const { relay, asked, client } = await setUp(t)
    const seen: string[] = []
    relay.fate = (request, connection) => {
      seen.push(`${connection} ${request.toString()}`)
      return request.toString() === 'bad' ? 'cut before' : 'pass'
    }
    const [one, two] = [await client(), await client()]
    one.say('good')
    await until('it is answered', () => one.heard() === 'GOOD')
    two.say('bad')
    assert.equal(await two.end, 'ECONNRESET')
    assert.deepEqual([seen.toSorted(), asked], [['0 good', '1 bad'], ['good']])
  })

  test('holds replies, then requests, and lets them go in their order', async (t) => {
    const { relay, asked, client } = await setUp(t)
    const one = await client()
    relay.replies = 'hold'
    for (const text of ['a', 'b', 'c']) {
      one.say(text)
      await until('the server has it', () => asked.includes(text))
    }
    assert.deepEqual([relay.replies, one.heard()], ['hold', ''])
    relay.replies = 'pass'
    await until('all three are answered', () => one.heard() === 'ABC')

    let sent = 0
    relay.fate = () => ((sent += 1), 'pass')
    relay.requests = 'hold'
    one.say('late')
    await until('the relay has it', () => sent === 1)
    assert.deepEqual([relay.requests, asked.includes('late')], ['hold', false])
    relay.requests = 'pass'
    await until('it is answered', () => one.heard() === 'ABCLATE')
  })

  test('what is held when a connection is cut is never said', async (t) => {
    const { relay, asked, client } = await setUp(t)
    let sent = 0
    relay.fate = () => ((sent += 1), 'pass')
    const one = await client()
    relay.requests = 'hold'
    one.say('never')
    await until('the relay has it', () => sent === 1)
    relay.cut()
    await one.end
    relay.requests = 'pass'
    const two = await client()
    two.say('after')
    await until('it is answered', () => two.heard() === 'AFTER')
    assert.deepEqual(asked, ['after'])
  })

  test('is slow, or says one byte at a time', async (t) => {
    const { relay, client } = await setUp(t)
    const one = await client()
    relay.replies = 'bytes'
    one.say('letters')
    await until('it is answered', () => one.heard() === 'LETTERS')
    assert.ok(one.chunks() > 1, 'in more than one piece')
    relay.replies = 'pass'
    relay.slowness = 60
    const began = performance.now()
    one.say('slow')
    await until('it is answered', () => one.heard() === 'LETTERSSLOW')
    assert.ok(performance.now() - began > 55, 'after its time on the way')
  })

  test('refuses, breaking what there is, and accepts again on the same port', async (t) => {
    const { relay, client } = await setUp(t)
    const one = await client()
    one.say('here')
    await until('it is answered', () => one.heard() === 'HERE')
    await relay.refuse()
    await one.end
    await assert.rejects(client(), { code: 'ECONNREFUSED' })
    await relay.accept()
    const two = await client()
    two.say('again')
    await until('it is answered', () => two.heard() === 'AGAIN')
  })

  test('a server that is not there is a broken connection', async (t) => {
    const lone = await startRelay(1)
    t.after(() => lone[Symbol.asyncDispose]())
    const socket = connect(lone.port, '127.0.0.1')
    const [error] = await once(socket, 'error')
    assert.equal(Object(error).code, 'ECONNRESET')
  })
})
