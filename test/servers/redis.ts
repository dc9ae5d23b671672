import { join } from 'node:path'
import { ensureCommand } from '../../scripts/debian.ts'
import { ask, type Endpoint } from './ask.ts'
import { makeCertificate, type Certificate } from './certificate.ts'
import { serverDirectory } from './directory.ts'
import { freePort, isFree } from './free-port.ts'
import { startServer, type Server } from './server.ts'

/** What can be asked of {@link startRedis}. */
export interface RedisOptions {
  /** Listen with TLS only. Default false. */
  readonly tls?: boolean
  /** What `AUTH` must say. Default: nobody is asked. */
  readonly password?: string
  /** Listen on a Unix socket and on no port. Default false. */
  readonly unixSocket?: boolean
  /** Settings as in redis.conf: `{ 'maxmemory-policy': 'noeviction' }`. */
  readonly config?: Readonly<Record<string, string>>
}

/** A running Redis. `port` is 0 when it listens on a Unix socket. */
export interface RedisServer extends Server, Endpoint {
  readonly password: string | null
  /** Send one command on a connection of its own; resolves to the raw reply, rejects when that is an error. */
  command(...words: readonly string[]): Promise<string>
}

/** How a Redis process differs from a plain server. */
interface RedisRole {
  readonly name: string
  /** What comes before every setting on the command line. */
  readonly args: (directory: string) => readonly string[]
}

const SERVER: RedisRole = { name: 'Redis', args: () => ['--save', '', '--appendonly', 'no'] }

const END = 'end-of-reply'
/** An error as the very first thing ends an answer too: after a refused login nothing else comes. */
const COMPLETE = new RegExp(`^-.*\\r\\n|\\$${END.length}\\r\\n${END}\\r\\n$`)

/**
 * One Redis server. It keeps its data in memory, so `kill9()` and `restart()` empty it; with
 * `config: { appendonly: 'yes' }` every acknowledged write survives both.
 */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  return startRedisAs(SERVER, options)
}

/** {@link startRedis} for the parts of a larger setup. */
export async function startRedisAs(role: RedisRole, options: RedisOptions): Promise<RedisServer> {
  const { tls = false, password = null, unixSocket = false, config = {} } = options
  const command = ensureCommand('redis-server', ['redis-server'])
  const directory = serverDirectory(null)
  const certificate = tls ? await makeCertificate(directory, null) : null
  const socketPath = unixSocket ? join(directory, 's') : null
  const endpoint = (port: number): Endpoint => ({ port, socketPath, ca: certificate?.ca ?? null })
  const clustered = config['cluster-enabled'] === 'yes'
  const choosePort = clustered ? freeClusterPort : freePort
  const settings = { ...(password === null ? {} : { requirepass: password, masterauth: password }), ...config }
  const server = await startServer({
    name: role.name,
    command,
    args: (port) => [
      ...role.args(directory),
      ...listenOn(endpoint(port), certificate),
      '--bind',
      '127.0.0.1',
      '--dir',
      directory,
      ...Object.entries(settings).flatMap(([key, value]) => [`--${key}`, value]),
    ],
    url: (port) => urlOf(endpoint(port), password),
    account: null,
    directory,
    choosePort: unixSocket ? async () => 0 : choosePort,
    ping: (port, pid) => ping(endpoint(port), password, pid),
  })
  const { port } = server
  return {
    ...server,
    ...endpoint(port),
    password,
    command: (...words) => send(endpoint(port), password, words),
  }
}

/** Cluster nodes also listen on their port + 10000. */
async function freeClusterPort(): Promise<number> {
  for (;;) {
    const port = await freePort(55_535)
    if (await isFree(port + 10_000)) return port
  }
}

function listenOn({ port, socketPath }: Endpoint, certificate: Certificate | null): string[] {
  if (socketPath !== null) return ['--port', '0', '--unixsocket', socketPath, '--unixsocketperm', '700']
  if (certificate === null) return ['--port', `${port}`]
  const { certificateFile, keyFile } = certificate
  const files = ['--tls-cert-file', certificateFile, '--tls-key-file', keyFile, '--tls-ca-cert-file', certificateFile]
  return ['--port', '0', '--tls-port', `${port}`, '--tls-auth-clients', 'no', ...files]
}

function urlOf({ port, socketPath, ca }: Endpoint, password: string | null): string {
  if (socketPath !== null) return `unix://${socketPath}`
  const secret = password === null ? '' : `:${encodeURIComponent(password)}@`
  return `${ca === null ? 'redis' : 'rediss'}://${secret}127.0.0.1:${port}`
}

async function ping(endpoint: Endpoint, password: string | null, pid: number): Promise<string> {
  const reply = await send(endpoint, password, ['INFO', 'server'])
  const [, version = ''] = /^redis_version:([\d.]+)/m.exec(reply) ?? []
  if (!reply.includes(`process_id:${pid}\r\n`)) throw new Error(`another Redis answers on port ${endpoint.port}`)
  return version
}

/** A PING behind the command makes the end of its reply recognisable without understanding it. */
async function send(endpoint: Endpoint, password: string | null, words: readonly string[]): Promise<string> {
  const login = password === null ? [] : [['AUTH', password]]
  const answer = await ask(endpoint, [...login, words, ['PING', END]].map(encode).join(''), COMPLETE)
  const reply = password === null ? answer : answer.slice('+OK\r\n'.length)
  const refusal = [answer, reply].find((text) => text.startsWith('-'))
  if (refusal !== undefined) throw new Error(`Redis refuses ${words.join(' ')}: ${refusal.split('\r\n')[0]}`)
  return reply.replace(COMPLETE, '')
}

function encode(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`
}
