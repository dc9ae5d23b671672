import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { createSessions, SessionError } from '../../src/index.ts'
import { openStore } from '../../src/stores/open.ts'
import { places } from '../processes/places.ts'
import { startMariadb, startPostgres, startRedis } from '../servers/index.ts'

let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coatcheck-open-'))
})
after(() => rm(folder, { recursive: true }))

/** A session through a store that a URL opened, read back through another. */
async function roundTrip(url: string): Promise<void> {
  const cookie = await visit(url, undefined, (data) => Object.assign(data, { user: 'ada' }))
  await visit(url, cookie, (data) => assert.deepEqual(data, { user: 'ada' }))
}

async function visit(url: string, cookie: string | undefined, look: (data: object) => void): Promise<string> {
  const sessions = createSessions({ store: await openStore(url), cookie: { secure: false } })
  try {
    const session = await sessions.open({ cookie, secure: false })
    look(session.data)
    const reply = await sessions.commit(session)
    return reply.setCookie[0]?.split(';')[0] ?? ''
  } finally {
    await sessions.close()
    await sessions.close()
  }
}

/** The message of the error that `openStore` rejects with. */
async function refusal(url: string, code: string): Promise<string> {
  try {
    await openStore(url)
  } catch (error) {
    assert.ok(error instanceof SessionError, String(error))
    assert.equal(error.code, code, error.message)
    return error.message
  }
  return assert.fail(`${url} was not refused`)
}

/** The address of a Redis that has ended. */
async function deadServer(): Promise<{ readonly url: string; readonly stop: () => Promise<void> }> {
  const server = await startRedis()
  await server.kill9()
  return { url: server.url, stop: () => server.stop() }
}

describe('openStore', () => {
  test('memory: keeps sessions, within its parameters', async () => {
    const store = await openStore('memory:?maxSessions=1')
    const record = { payload: 'x', expiresAt: 10 }
    await store.create('a'.repeat(64), record, 0)
    await store.create('b'.repeat(64), record, 0)
    assert.equal(await store.read('a'.repeat(64), 0), null)
  })

  test('file: keeps them in the folder it names', async () => {
    const directory = join(folder, 'kept here')
    await roundTrip(`file:${directory}?fsync=true`)
    assert.ok((await stat(directory)).isDirectory())
  })

  test('sqlite: keeps them in the file it names', async () => {
    const file = join(folder, 'kept.db')
    await roundTrip(`sqlite:${file}?table=my%20sessions`)
    assert.ok((await stat(file)).isFile())
  })

  test('postgres: and postgresql: use the installed client, and close it', async () => {
    const server = await startPostgres()
    try {
      await roundTrip(`${server.url}?poolSize=2&table=a`)
      await roundTrip(`${server.url.replace('postgres:', 'postgresql:')}?application_name=coat`)
    } finally {
      await server.stop()
    }
  })

  test('mysql: and mariadb: use the installed client, and close it', async () => {
    const server = await startMariadb()
    try {
      await roundTrip(`${server.url}?poolSize=2&table=a`)
      await roundTrip(server.url.replace('mysql:', 'mariadb:'))
    } finally {
      await server.stop()
    }
  })

  for (const scheme of ['redis', 'redis+cluster', 'redis+sentinel', 'memcached'])
    test(`${scheme}: uses its client, and closes it`, async () => {
      const place = await places[scheme]?.()
      assert.ok(place)
      try {
        await roundTrip(`${place.url}?prefix=other%3A`)
      } finally {
        await place.stop()
      }
    })

  test('a Redis that is away is no error on opening, but at the first session, and at once', async () => {
    const { url, stop } = await deadServer()
    const store = await openStore(url)
    const sessions = createSessions({ store, cookie: { secure: false } })
    await assert.rejects(sessions.open({ cookie: `id=${'A'.repeat(43)}`, secure: false }), { code: 'store_failed' })
    await sessions.close()
    await stop()
  })

  test('servers that cannot be read are refused without a word of them', async () => {
    for (const url of [
      'redis+cluster://u:sec%ret@h',
      'memcached://sec ret',
      'redis+sentinel://secret@h:1:2/m',
      'redis://u:sec%ret@h',
    ])
      assert.ok(!(await refusal(url, 'bad_option')).includes('sec'))
    assert.match(await refusal('redis+sentinel://h:1', 'bad_option'), /needs the master's name/)
  })

  test('an unknown scheme is refused with the list of those that exist', async () => {
    const message = await refusal('mongo://u:secret@h/db', 'bad_option')
    assert.match(message, /there is no store "mongo:"/)
    for (const form of ['memory:', 'file:DIR', 'sqlite:FILE', 'postgres://', 'mysql://'])
      assert.ok(message.includes(form))
    assert.ok(!message.includes('secret'))
    assert.match(await refusal('./sessions', 'bad_option'), /begins with its scheme/)
    assert.match(await refusal('constructor:', 'bad_option'), /there is no store "constructor:"/)
  })

  test('an unknown parameter is refused by name with the list of those that exist', async () => {
    assert.match(
      await refusal('file:x?maxsession=5', 'bad_option'),
      /no parameter "maxsession"; it has maxSessions, fsync/,
    )
    assert.match(await refusal('postgres://u:p@h/d?fsync=true', 'bad_option'), /no parameter "fsync"; it has table, /)
  })

  test('a parameter of another kind is refused, without quoting it', async () => {
    assert.match(await refusal('memory:?maxSessions=many', 'bad_option'), /maxSessions must be a whole number above 0/)
    assert.match(await refusal(`file:${folder}/y?fsync=yes`, 'bad_option'), /fsync must be true or false/)
    assert.match(await refusal('sqlite:', 'bad_option'), /needs a file/)
  })

  test('a URL that its client cannot read is refused without a word of it, cause included', async () => {
    for (const url of ['postgres://u:sec%ret@h:notaport/d', 'mysql://u:sec%ret@h:notaport/d'])
      await assert.rejects(openStore(url), (error: unknown) => {
        assert.ok(error instanceof SessionError)
        assert.equal(error.code, 'bad_option')
        assert.equal(error.cause, undefined)
        assert.ok(!error.message.includes('sec'), error.message)
        return true
      })
  })

  test('a missing client is an error that names the npm command', async () => {
    const said = await withoutPackages(
      ['pg', 'postgres', 'mysql2/promise', 'redis', 'ioredis'],
      `for (const scheme of ['postgres', 'mysql', 'redis'])
        await openStore(scheme + '://u:secret@h/d').catch((error) => console.log(error.code, error.message))`,
    )
    assert.match(said, /store_unusable .*npm install pg {3}or: npm install postgres/)
    assert.match(said, /store_unusable .*npm install mysql2/)
    assert.match(said, /store_unusable .*npm install redis {3}or: npm install ioredis/)
    assert.ok(!said.includes('secret'))
  })

  for (const [scheme, hidden] of Object.entries({
    postgres: 'pg',
    redis: 'redis',
    'redis+cluster': 'redis',
    'redis+sentinel': 'redis',
  }))
    test(`${scheme}: takes its other client when ${hidden} is not installed`, async () => {
      const place = await places[scheme]?.()
      assert.ok(place)
      try {
        const said = await withoutPackages(
          [hidden],
          `const store = await openStore(${JSON.stringify(place.url)})
          const record = { payload: 'kept', expiresAt: Date.now() + 60_000 }
          await store.create('a'.repeat(64), record, Date.now())
          console.log((await store.read('a'.repeat(64), Date.now())).payload)
          await store.close()`,
        )
        assert.equal(said, 'kept\n')
      } finally {
        await place.stop()
      }
    })
})

/** What a process prints that runs `code` with openStore, and in which some packages cannot be found. */
async function withoutPackages(hidden: readonly string[], code: string): Promise<string> {
  const script = `import { registerHooks } from 'node:module'
    registerHooks({ resolve(name, context, next) {
      if (${JSON.stringify(hidden)}.includes(name))
        throw Object.assign(new Error("Cannot find package '" + name + "'"), { code: 'ERR_MODULE_NOT_FOUND' })
      return next(name, context)
    } })
    const { openStore } = await import('coatcheck/stores')
    ${code}`
  const flags = ['--conditions=coatcheck-source', '--input-type=module', '--eval', script]
  return (await promisify(execFile)(process.execPath, flags)).stdout
}
