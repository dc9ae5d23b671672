/** PHP as Debian serves it: php-fpm with its opcode cache behind nginx. Both count as the server. */
import { once } from 'node:events'
import { chownSync, cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { ensureCommand, findCommand } from '../../scripts/debian.ts'
import { serverDirectory } from '../../test/servers/directory.ts'
import { accountOf } from '../../test/servers/processes.ts'
import { startServer } from '../../test/servers/server.ts'
import type { ContenderProcess, Servers } from './contender-process.ts'
import { onServerCore } from './pinning.ts'
import { cpuOf } from './process-cpu.ts'

const folder = join(import.meta.dirname, '..', 'peers', 'php')

/** Enough for requests that wait for Redis; on one core more would only take turns. */
const WORKERS = 8

/** Install PHP and nginx where that can be done without asking. Throws with the command to type elsewhere. */
export function ensurePhp(): { readonly fpm: string; readonly nginx: string } {
  const nginx = ensureCommand('nginx', ['nginx-light', 'php-fpm', 'php-redis'])
  const fpm = findFpm()
  if (fpm === undefined) throw new Error('php-fpm is missing: install the packages php-fpm and php-redis')
  return { fpm, nginx }
}

/** Debian writes its version into its name. */
function findFpm(): string | undefined {
  const names = ['php-fpm', ...Array.from({ length: 12 }, (_, minor) => `php-fpm8.${minor}`)]
  return names.map(findCommand).find((path) => path !== null)
}

/** Start the script `php-floor`, or the one with sessions under the settings that `name` stands for. */
export async function startPhp(name: string, servers: Servers): Promise<ContenderProcess> {
  const { fpm, nginx } = ensurePhp()
  const account = accountOf('www-data')
  const place = serverDirectory(account)
  const [socket, sessions, scripts] = ['socket', 'sessions', 'scripts'].map((part) => join(place, part)) as Paths
  // Who serves them may have no right to look into a checkout.
  cpSync(folder, scripts, { recursive: true })
  mkdirSync(sessions)
  if (account !== null) chownSync(sessions, account.uid, account.gid)
  const pool = await startServer({
    ...on(fpm, () => {
      writeFileSync(join(place, 'fpm.conf'), fpmConfig(place, socket, settingsOf(name, sessions, servers)))
      return ['--nodaemonize', '--fpm-config', join(place, 'fpm.conf')]
    }),
    name: 'php-fpm',
    account,
    directory: place,
    choosePort: async () => 0,
    ping: async () => {
      const connection = connect(socket)
      await once(connection, 'connect')
      connection.destroy()
      return 'ready'
    },
  })
  try {
    const directory = serverDirectory(account)
    const script = join(scripts, name === 'php-floor' ? 'php-floor.php' : 'session.php')
    const web = await startServer({
      ...on(nginx, (port) => {
        writeFileSync(join(directory, 'nginx.conf'), nginxConfig(directory, port, socket, script))
        return ['-p', directory, '-c', join(directory, 'nginx.conf'), '-e', 'stderr']
      }),
      name: 'nginx',
      account,
      directory,
      ping: async (port) => {
        const response = await fetch(`http://127.0.0.1:${port}/none`)
        if ((await response.text()) !== 'none') throw new Error(`nginx answers ${response.status}`)
        return response.headers.get('server') ?? ''
      },
    })
    return {
      origin: web.url,
      cpu: async () => cpuOf([...web.pids(), ...pool.pids()]),
      stop: async () => void (await Promise.all([web.stop(), pool.stop()])),
    }
  } catch (error) {
    await pool.stop()
    throw error
  }
}

type Paths = [string, string, string]

function on(
  path: string,
  args: (port: number) => readonly string[],
): { command: string; args: (port: number) => readonly string[]; url: (port: number) => string } {
  const [command, ...before] = [...onServerCore, path]
  return { command, args: (port) => [...before, ...args(port)], url: (port) => `http://127.0.0.1:${port}` }
}

/** What differs from Debian's php.ini; phpredis keeps no lock by default. */
function settingsOf(name: string, sessions: string, { redis }: Servers): Readonly<Record<string, string>> {
  switch (name) {
    case 'php-files':
      return { 'session.save_handler': 'files', 'session.save_path': sessions }
    case 'php-redis':
      return { 'session.save_handler': 'redis', 'session.save_path': redis.replace('redis:', 'tcp:') }
    default:
      return {}
  }
}

function fpmConfig(place: string, socket: string, settings: Readonly<Record<string, string>>): string {
  return [
    '[global]',
    `error_log = ${join(place, 'error.log')}`,
    '[www]',
    `listen = ${socket}`,
    'pm = static',
    `pm.max_children = ${WORKERS}`,
    ...Object.entries(settings).map(([key, value]) => `php_admin_value[${key}] = "${value}"`),
    '',
  ].join('\n')
}

/** Connections to php-fpm are not kept: an idle one would hold a worker while requests wait for one. */
function nginxConfig(directory: string, port: number, socket: string, script: string): string {
  const scratch = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${join(directory, kind)};`,
  )
  return `
daemon off;
worker_processes 1;
pid ${join(directory, 'pid')};
events { worker_connections 512; }
http {
  access_log off;
  keepalive_requests 1000000;
  ${scratch.join('\n  ')}
  server {
    listen 127.0.0.1:${port};
    location / {
      include /etc/nginx/fastcgi_params;
      fastcgi_param SCRIPT_FILENAME ${script};
      fastcgi_pass unix:${socket};
    }
  }
}
`
}
