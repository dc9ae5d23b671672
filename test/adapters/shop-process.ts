/** A server process of its own, for two-processes.test.ts: `node shop-process.ts FRAMEWORK FOLDER`. */
import assert from 'node:assert/strict'
import { createSessions } from '../../src/sessions.ts'
import { fileStore } from '../../src/stores/file.ts'
import type { AdapterHandler } from '../../src/testing/adapter-context.ts'
import { servers } from './servers.ts'

const [, , framework = '', folder = ''] = process.argv
const serve = servers[framework]
assert(serve, `no framework ${framework}`)
const sessions = createSessions({ store: fileStore(folder), cookie: { secure: false }, sweepEvery: false })
const begun = Promise.withResolvers<void>()
const go = Promise.withResolvers<void>()

const handler: AdapterHandler = async (session, path) => {
  const [, verb, key = ''] = path.split('/')
  switch (verb) {
    case 'set':
      session.data[key] = true
      break
    case 'count':
      await session.update((data) => (data['count'] = Number(data['count'] ?? 0) + 1))
      break
    case 'login':
      await session.regenerate()
      session.data['user'] = 'ada'
      break
    case 'logout':
      await session.destroy()
      break
    case 'slow':
      JSON.stringify(session.data)
      begun.resolve()
      await go.promise
      session.data['slow'] = true
      break
    case 'begun':
      await begun.promise
      return {}
    case 'go':
      go.resolve()
      return {}
    default:
  }
  return { body: JSON.stringify(session.data) }
}

const { url } = await serve({
  mounts: [{ sessions }],
  at: undefined,
  trustProxy: false,
  page: (request, path) => handler(sessions.of(request), path),
  onError: () => {},
})
process.stdout.write(`${url}\n`)
process.stdin.resume().on('end', () => process.exit()) // ends with the test, however that ends
