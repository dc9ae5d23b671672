import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ensureCommand } from '../../scripts/debian.ts'
import { ask, type Endpoint } from './ask.ts'
import { makeCertificate, type Certificate } from './certificate.ts'
import { serverDirectory } from './directory.ts'
import { accountOf } from './processes.ts'
import { startServer, type Server } from './server.ts'

/** What can be asked of {@link startMemcached}. */
export interface MemcachedOptions {
  /** Listen with TLS only. Default false. */
  readonly tls?: boolean
  /** Who may use it, in the text protocol's own authentication. Default: anybody. */
  readonly auth?: MemcachedAuth
  /** Listen on a Unix socket and on no port. Default false. */
  readonly unixSocket?: boolean
  /** More command-line arguments: `['-m', '1', '-M']`. Default: 64 MB of memory. */
  readonly args?: readonly string[]
}

/** A name and a password; neither may contain a space or a colon. */
export interface MemcachedAuth {
  readonly user: string
  readonly password: string
}

/** A running Memcached. `port` is 0 when it listens on a Unix socket. */
export interface MemcachedServer extends Server, Endpoint {
  readonly auth: MemcachedAuth | null
}

/** One Memcached server. All it knows is in memory: `kill9()` and `restart()` empty it. */
export async function startMemcached(options: MemcachedOptions = {}): Promise<MemcachedServer> {
  const { tls = false, auth = null, unixSocket = false, args = [] } = options
  const command = ensureCommand('memcached', ['memcached'])
  const account = accountOf('nobody')
  const directory = serverDirectory(account)
  const certificate = tls ? await makeCertificate(directory, account) : null
  const socketPath = unixSocket ? join(directory, 's') : null
  const authFile = join(directory, 'auth')
  if (auth !== null) writeFileSync(authFile, `${auth.user}:${auth.password}\n`)
  const endpoint = (port: number): Endpoint => ({ port, socketPath, ca: certificate?.ca ?? null })
  const server = await startServer({
    name: 'Memcached',
    command,
    args: (port) => [
      ...(socketPath === null ? ['-l', '127.0.0.1', '-p', `${port}`, '-U', '0'] : ['-s', socketPath, '-a', '0700']),
      ...certificateArgs(certificate),
      ...(auth === null ? [] : ['-Y', authFile]),
      ...args,
    ],
    url: (port) => urlOf(endpoint(port), auth),
    account,
    directory,
    // It has nothing to save, and its own shutdown takes up to a second.
    stopSignal: 'SIGKILL',
    ...(unixSocket ? { choosePort: async () => 0 } : {}),
    ping: (port, pid) => ping(endpoint(port), auth, pid),
  })
  return { ...server, ...endpoint(server.port), auth }
}

function certificateArgs(certificate: Certificate | null): string[] {
  if (certificate === null) return []
  return ['-Z', '-o', `ssl_chain_cert=${certificate.certificateFile},ssl_key=${certificate.keyFile}`]
}

function urlOf({ port, socketPath, ca }: Endpoint, auth: MemcachedAuth | null): string {
  if (socketPath !== null) return `unix://${socketPath}`
  const secret = auth === null ? '' : `${encodeURIComponent(auth.user)}:${encodeURIComponent(auth.password)}@`
  return `${ca === null ? 'memcached' : 'memcacheds'}://${secret}127.0.0.1:${port}`
}

async function ping(endpoint: Endpoint, auth: MemcachedAuth | null, pid: number): Promise<string> {
  const secret = auth === null ? '' : `${auth.user} ${auth.password}`
  const login = auth === null ? '' : `set auth 0 0 ${Buffer.byteLength(secret)}\r\n${secret}\r\n`
  const answer = await ask(endpoint, `${login}stats\r\n`, /(^|\n)(END|ERROR|CLIENT_ERROR.*|SERVER_ERROR.*)\r\n/)
  const [, version] = /^STAT version (\S+)/m.exec(answer) ?? []
  if (version === undefined) throw new Error(`memcached answers: ${answer.trim()}`)
  if (!answer.includes(`STAT pid ${pid}\r\n`)) throw new Error(`another Memcached answers on port ${endpoint.port}`)
  return version
}
