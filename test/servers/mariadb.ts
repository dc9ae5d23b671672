import { dirname, join } from 'node:path'
import { createConnection, type RowDataPacket } from 'mysql2/promise'
import { ensureCommand } from '../../scripts/debian.ts'
import { initialisedDirectory } from './initialised.ts'
import { accountOf, runToEnd } from './processes.ts'
import { startServer, type Server } from './server.ts'

/** What can be asked of {@link startMariadb}. */
export interface MariadbOptions {
  /** Settings as on the command line, without the dashes: `{ 'max-connections': '20' }`. */
  readonly config?: Readonly<Record<string, string>>
}

interface Answer extends RowDataPacket {
  readonly version: string
  readonly data: string
}

/** With 2 a commit reaches the operating system before it is acknowledged, so kill9() loses nothing. */
const CONFIG = {
  'innodb-flush-log-at-trx-commit': '2',
  'innodb-buffer-pool-size': '64M',
  'innodb-log-file-size': '16M',
  'max-connections': '500',
}

/** MariaDB with the superuser `root` (no password) and an empty database `test`. */
export async function startMariadb({ config = {} }: MariadbOptions = {}): Promise<Server> {
  const command = ensureCommand('mariadbd', ['mariadb-server'])
  const install = ensureCommand('mariadb-install-db', ['mariadb-server'])
  const account = accountOf('mysql')
  const release = /\d+\.\d+\.\d+/.exec(await runToEnd(command, ['--no-defaults', '--version']))?.[0] ?? 'unknown'
  const settings = Object.entries({ ...CONFIG, ...config }).map(([key, value]) => `--${key}=${value}`)
  const directory = await initialisedDirectory(`mariadb-${release}`, account, (data) => {
    const logSize = `--innodb-log-file-size=${CONFIG['innodb-log-file-size']}`
    const root = '--auth-root-authentication-method=normal'
    const files = [`--datadir=${data}`, `--tmpdir=${dirname(data)}`]
    return runToEnd(install, ['--no-defaults', ...files, logSize, root, '--skip-test-db'], { account })
  })
  const data = join(directory, 'data')
  // The temporary folder of this process may be closed to the account of the server.
  const files = [
    `--datadir=${data}`,
    `--tmpdir=${directory}`,
    `--socket=${join(directory, 's')}`,
    `--pid-file=${join(directory, 'pid')}`,
  ]
  const network = ['--bind-address=127.0.0.1', '--skip-name-resolve']
  return startServer({
    name: 'MariaDB',
    command,
    args: (port) => ['--no-defaults', ...files, ...network, `--port=${port}`, ...settings],
    url: (port) => `mysql://root@127.0.0.1:${port}/test`,
    account,
    directory,
    ping: (port) => ping(port, data),
  })
}

async function ping(port: number, data: string): Promise<string> {
  const connection = await createConnection({ host: '127.0.0.1', port, user: 'root', connectTimeout: 1000 })
  // The server may go away between two statements; the rejected query says so already.
  connection.on('error', () => {})
  try {
    const [rows] = await connection.query<Answer[]>('select version() as version, @@datadir as data')
    const [answer] = rows
    if (answer === undefined || join(answer.data, '.') !== data)
      throw new Error(`another MariaDB answers on port ${port}`)
    await connection.query('create database if not exists test character set utf8mb4')
    return /^[\d.]+/.exec(answer.version)?.[0] ?? answer.version
  } finally {
    connection.destroy()
  }
}
