/** "Look at it" of each store's page: a session made for the purpose, and what a command shows of it. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { inspect, promisify } from 'node:util'
import { runInNewContext } from 'node:vm'
import { MongoClient } from 'mongodb'
import { createSessions } from 'coatcheck'
import type { Store } from 'coatcheck'
import { openStore } from 'coatcheck/stores'
import { ensureCommand } from '../../scripts/debian.ts'
import { root } from '../markdown.ts'
import { observedStores } from './stores.ts'
import type { ObservedStore } from './stores.ts'

/** The made-up token, so that the ID is the same each time. No session of anybody has it. */
const TOKEN = createHash('sha256').update('an example').digest()
const ID = createHash('sha256').update(TOKEN.toString('base64url')).digest('hex')

/** Its folder in the file store. */
const SHARD = ID.slice(0, 2)

/** What each page in docs/stores says under "Look at it", seen just now. */
export const looks: Readonly<Record<string, () => Promise<string>>> = {
  memory: () => inSnippet("import { memoryStore } from 'coatcheck/stores/memory'", 'memoryStore()', LISTING),
  null: () => inSnippet("import { nullStore } from 'coatcheck/stores/null'", 'nullStore()', LISTING_ONLY),

  file: () =>
    inPlace('files', ({ place }) =>
      inFolder(place, ['ls -A1 .sessions', `ls -l .sessions/${SHARD}`, `cat .sessions/${SHARD}/*`]),
    ),

  encrypted: () => inPlace('encrypted files', ({ place }) => inFolder(place, [`cat .sessions/${SHARD}/*`])),

  sqlite: () =>
    inPlace('SQLite', async ({ place }) =>
      shell(
        [`sqlite3 -line sessions.db "select *, datetime(expires_at / 1000, 'unixepoch') as expires from sessions"`],
        {
          setup: `cd "$PLACE"`,
          place: dirname(place),
          tools: ['sqlite3', 'sqlite3'],
        },
      ),
    ),

  postgres: () =>
    inPlace('PostgreSQL', async ({ place }) =>
      shell([`psql -xc 'select *, to_timestamp(expires_at / 1000.0) as expires from sessions'`], {
        setup: `psql() { command psql "$PLACE" -X "$@"; }`,
        place,
        tools: ['psql', 'postgresql-client'],
      }),
    ),

  mysql: () =>
    inPlace('MariaDB', async ({ place }) =>
      shell([String.raw`mariadb app -e 'select *, from_unixtime(expires_at / 1000) as expires from sessions\G'`], {
        setup: `mariadb() { shift; command mariadb --no-defaults -h 127.0.0.1 -P "$PLACE" -u root test "$@"; }`,
        place: new URL(place).port,
        tools: ['mariadb', 'mariadb-client'],
      }),
    ),

  redis: () =>
    inPlace('Redis', async ({ place }) =>
      shell(
        [
          `redis-cli --scan --pattern 'session:[0-9a-f]*'`,
          `redis-cli hmget session:${ID} version expiresAt owner entry entryUntil payload`,
          `redis-cli pttl session:${ID}`,
          `redis-cli zrange session:owner:$(printf %s ada | sha256sum | cut -c1-64) 0 -1 withscores`,
        ],
        {
          // As in a terminal, where values are quoted.
          setup: `redis-cli() { command redis-cli -p "$PLACE" --no-raw "$@"; }`,
          place: new URL(place).port,
          tools: ['redis-cli', 'redis-tools'],
        },
      ),
    ),

  memcached: () =>
    inPlace('Memcached', async ({ place }) =>
      shell([String.raw`printf 'mg session:${ID} s t v\r\nquit\r\n' | curl -s telnet://127.0.0.1:11211`], {
        setup: `curl() { command curl -s "telnet://127.0.0.1:$PLACE"; }`,
        place: new URL(place).port,
        tools: ['curl', 'curl'],
      }),
    ),

  mongodb: () =>
    inPlace('MongoDB (FerretDB)', async ({ place }) => inShellOfMongo(place, `db.collection('sessions').findOne()`)),

  async cookie() {
    const key = TOKEN.toString('base64url')
    const show = (part: number): string =>
      `node -p "Buffer.from(process.argv[1].split('.')[${part}], 'base64url').toString()" "$COOKIE"`
    const signed = await cookieOf(await openStore(`cookie:?key=${key}&encrypt=false`))
    const encrypted = await cookieOf(await openStore(`cookie:?key=${key}`))
    return [
      'Encrypted, the cookie shows how it is sealed and nothing else:',
      await shell([show(0)], { setup: `COOKIE='${encrypted}'`, place: '' }),
      'With `encrypt: false` anybody who has the cookie can read it: an inner token, the deadline and the owner, then the record.',
      await shell([show(1)], { setup: `COOKIE='${signed}'`, place: '' }),
    ].join('\n\n')
  },
}

/** Whatever differs from run to run is one character; the rest must be the same. */
export function masked(text: string): string {
  return (
    text
      // First: by chance it holds what looks like one of the others.
      .replaceAll(/^(sealed\d\.)[\w-]+\.[\w+/]+=*$/gm, '$1~')
      .replaceAll(/^(-rw-+) +\d+ \S+ \S+/gm, '$1')
      .replaceAll(ID, 'ID')
      .replaceAll(/\d{10}\.[\w-]{8}/g, '~')
      .replaceAll(/(?<![\w-])[\w-]{24}(?![\w-])/g, '~')
      .replaceAll(/[\da-f]{8,}/g, '~')
      .replaceAll(/[A-Z][a-z]{2} +\d+ \d\d:\d\d/g, '~')
      .replaceAll(/\d+/g, '~')
      .replaceAll(/[ -]{2,}/g, ' ')
  )
}

/** A visitor whose session holds a name and a cart; resolves with the value of the cookie. */
async function cookieOf(store: Store): Promise<string> {
  const sessions = createSessions({ store, cookie: { secure: false }, sweepEvery: false, randomBytes: () => TOKEN })
  const session = await sessions.open({ cookie: undefined, secure: false })
  session.owner = 'ada'
  session.data['user'] = 'ada'
  session.data['cart'] = [{ item: 'tea', count: 2 }]
  const { setCookie } = await sessions.commit(session)
  return /=([^;]*)/.exec(setCookie[0] ?? '')?.[1] ?? ''
}

async function inPlace(name: string, look: (observed: ObservedStore) => Promise<string>): Promise<string> {
  const observed = await observedStores[name]?.()
  if (observed === undefined) throw new Error(`no store ${name}`)
  try {
    await cookieOf(observed.store)
    return await look(observed)
  } finally {
    await observed.store.close?.()
    await observed.stop()
  }
}

interface Surroundings {
  /** Shell code that lets a command reach the throwaway server as it would reach the usual one. */
  readonly setup: string
  /** What `$PLACE` is in it. */
  readonly place: string
  /** A program and the Debian package that has it. */
  readonly tools?: readonly [command: string, debianPackage: string]
}

/** The commands and what they print, as a terminal would have it. */
async function shell(commands: readonly string[], { setup, place, tools }: Surroundings): Promise<string> {
  if (tools !== undefined) ensureCommand(tools[0], [tools[1]])
  const parts: string[] = []
  for (const command of commands) {
    const env = { PATH: process.env['PATH'], PLACE: place, LC_ALL: 'C.UTF-8', TZ: 'UTC' }
    const { stdout } = await promisify(execFile)('bash', ['-ec', `${setup}\n${command}`], { env })
    parts.push(`$ ${command}\n${stdout.replaceAll('\r', '').trimEnd()}`)
  }
  return ['```console', parts.join('\n\n'), '```'].join('\n')
}

/** As from the folder in which an application with the file store runs. */
function inFolder(place: string, commands: readonly string[]): Promise<string> {
  const setup = `mkdir "$PLACE/../look-$$" && cd "$PLACE/../look-$$" && ln -s "$PLACE" .sessions; trap 'rm -r "$PWD"' EXIT`
  return shell(commands, { setup, place })
}

/** `mongosh` is no package of npm's or Debian's; its expressions are the driver's. */
async function inShellOfMongo(url: string, expression: string): Promise<string> {
  const client = new MongoClient(url)
  try {
    const answer: unknown = await runInNewContext(expression, { db: client.db() })
    return ['```', `> await ${expression}`, inspect(answer, { depth: 5, breakLength: 110 }), '```'].join('\n')
  } finally {
    await client.close()
  }
}

const LISTING_ONLY = `console.log(await Array.fromAsync(sessions.list()))`
const LISTING = `const visitor = await sessions.open({ cookie: undefined, secure: false })
visitor.owner = 'ada'
visitor.data['user'] = 'ada'
await sessions.commit(visitor)

${LISTING_ONLY}`

/** A program of its own, since no other can see what it keeps; and what it prints. */
async function inSnippet(imported: string, made: string, body: string): Promise<string> {
  const code = `import { createSessions } from 'coatcheck'
${imported}

const sessions = createSessions({ store: ${made} })
${body}`
  const folder = join(root, '.snippets', `look-${process.pid}`)
  mkdirSync(folder, { recursive: true })
  try {
    const file = join(folder, 'look.ts')
    writeFileSync(file, code)
    const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=coatcheck-source', file])
    return ['<!-- snippet: run -->', '```ts', code, '```', '', 'prints', '', '```', stdout.trimEnd(), '```'].join('\n')
  } finally {
    rmSync(folder, { recursive: true })
  }
}
