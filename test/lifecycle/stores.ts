/** Every store on a real server, and what that server's own tool shows of it. None of it goes through our stores. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { MongoClient } from 'mongodb'
import { openStore } from 'coatcheck/stores'
import type { Store } from 'coatcheck'
import { ensureCommand } from '../../scripts/debian.ts'
import { ask } from '../servers/ask.ts'
import { startFerretdb, startMariadb, startMemcached, startPostgres, startRedis } from '../servers/index.ts'
import { runToEnd } from '../servers/processes.ts'

/** What a tool shows of one record. Unix milliseconds. */
export interface Seen {
  readonly deadline: number
  /** When the server removes it by itself; undefined when it never will. */
  readonly lapses?: number
}

/** One store, looked at from outside. */
export interface ObservedStore {
  /** Where its server listens, or its folder or file; empty where there is none. */
  readonly place: string
  readonly store: Store
  /** The records that are physically there, by ID. `ids` are those somebody wants to know of. */
  readonly see: (ids: readonly string[]) => Promise<ReadonlyMap<string, Seen>>
  readonly stop: () => Promise<unknown>
}

/** What opens a store for observation: by the name it has in the tables. */
export const observedStores: Readonly<Record<string, () => Promise<ObservedStore>>> = {
  // The memory of a process has no other tool than its owner.
  async memory() {
    const store = await openStore('memory:')
    return {
      place: '',
      store,
      stop: async () => store.close?.(),
      async see() {
        const seen = new Map<string, Seen>()
        for await (const { id, expiresAt } of store.list?.() ?? []) seen.set(id, { deadline: expiresAt })
        return seen
      },
    }
  },

  files: () =>
    inFolder(async (place) => ({ place, store: await openStore(`file:${place}`), see: () => seenInFolder(place) })),

  // Stands for every other one: what is seen from outside does not depend on what is in a record.
  'encrypted files': () =>
    inFolder(async (place) => ({
      place,
      store: await openStore(`file:${place}`, { keys: [crypto.getRandomValues(new Uint8Array(32))] }),
      see: () => seenInFolder(place),
    })),

  SQLite: () =>
    inFolder(async (folder) => {
      const place = join(folder, 'sessions.db')
      return { place, store: await openStore(`sqlite:${place}`), see: async () => seenInSqlite(place) }
    }),

  async PostgreSQL() {
    const server = await startPostgres()
    return {
      place: server.url,
      store: await openStore(server.url),
      stop: () => server.stop(),
      see: async () =>
        seenIn(await runToEnd(ensureCommand('psql', ['postgresql-client']), [server.url, '-XAtc', ROWS])),
    }
  },

  async MariaDB() {
    const server = await startMariadb()
    const login = ['--no-defaults', '-h', server.host, '-P', `${server.port}`, '-u', 'root', 'test']
    return {
      place: server.url,
      store: await openStore(server.url),
      stop: () => server.stop(),
      see: async () =>
        seenIn(
          await runToEnd(ensureCommand('mariadb', ['mariadb-client']), [...login, '--skip-column-names', '-e', ROWS]),
        ),
    }
  },

  async Redis() {
    const server = await startRedis()
    return {
      place: server.url,
      store: await openStore(server.url),
      stop: () => server.stop(),
      async see() {
        const tool = ensureCommand('redis-cli', ['redis-tools'])
        return seenIn(await runToEnd(tool, ['-p', `${server.port}`, 'eval', EXPIRING_KEYS, '0']))
      },
    }
  },

  async Memcached() {
    const server = await startMemcached()
    return {
      place: server.url,
      store: await openStore(server.url),
      stop: () => server.stop(),
      async see(ids) {
        const seen = new Map<string, Seen>()
        for (const id of ids) {
          const now = Date.now()
          const item = await ask(server, `mg session:${id} t v\r\nmn\r\n`, /MN\r\n$/)
          const [, left, deadline] = /^VA \d+ t(\d+)\r\ncoatcheck\/1 (\d+)/.exec(item) ?? []
          if (left !== undefined) seen.set(id, { deadline: Number(deadline), lapses: now + Number(left) * 1000 })
        }
        return seen
      },
    }
  },

  'MongoDB (FerretDB)': async () => {
    const server = await startFerretdb()
    const client = new MongoClient(server.url)
    return {
      place: server.url,
      store: await openStore(server.url),
      async stop() {
        await client.close()
        await server.stop()
      },
      async see() {
        const found = client.db().collection<{ _id: string; expiresAt: Date }>('sessions').find()
        const seen = found.map(({ _id, expiresAt }): [string, Seen] => [_id, { deadline: expiresAt.getTime() }])
        return new Map(await seen.toArray())
      },
    }
  },
}

const ROWS = `select concat(id, ' ', expires_at) from sessions`

/** Each key with its deadline and the moment at which Redis removes it, both by the clock of the server. */
const EXPIRING_KEYS = `
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local lines = {}
  for _, key in ipairs(redis.call('KEYS', 'session:*')) do
    local lapses = string.format('%.0f', now + redis.call('PTTL', key))
    lines[#lines + 1] = string.sub(key, 9) .. ' ' .. redis.call('HGET', key, 'expiresAt') .. ' ' .. lapses
  end
  return lines`

/** Lines of a tool: an ID, its deadline and perhaps the moment at which the server removes it. */
function seenIn(output: string, line: RegExp = /^([\da-f]{64}) (\d+)(?: (\d+))?$/): Map<string, Seen> {
  const seen = new Map<string, Seen>()
  for (const text of output.split('\n')) {
    const [, id, deadline, lapses] = line.exec(text) ?? []
    if (id === undefined) continue
    seen.set(id, { deadline: Number(deadline), ...(lapses === undefined ? {} : { lapses: Number(lapses) }) })
  }
  return seen
}

/** Of two first lines in a file that with the higher sequence counts, as long as nobody is killed. */
const FIRST_LINES = `
  cd "$0"
  for file in */*; do
    [ ! -f "$file" ] || echo "\${file#*/} $(grep -aoE 'coatcheck/1 [0-9]{16} .{17} [0-9]{12}' "$file" | sort -k 5 | tail -n 1)"
  done`

async function seenInFolder(folder: string): Promise<Map<string, Seen>> {
  return seenIn(await runToEnd('sh', ['-c', FIRST_LINES, folder]), /^([\da-f]{64}) coatcheck\/1 (\d+)/)
}

function seenInSqlite(file: string): Map<string, Seen> {
  const database = new DatabaseSync(file, { readOnly: true })
  try {
    const rows = database.prepare('select id, expires_at from sessions').all()
    return new Map(rows.map((row) => [String(row['id']), { deadline: Number(row['expires_at']) }]))
  } finally {
    database.close()
  }
}

async function inFolder(open: (folder: string) => Promise<Omit<ObservedStore, 'stop'>>): Promise<ObservedStore> {
  const folder = await mkdtemp(join(tmpdir(), 'coatcheck-lifecycle-'))
  const observed = await open(folder)
  return {
    ...observed,
    async stop() {
      await rm(folder, { recursive: true, force: true })
    },
  }
}
