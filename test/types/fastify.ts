import 'coatcheck/fastify/augment'
import { createSessions } from 'coatcheck'
import { session } from 'coatcheck/fastify'
import { fastify } from 'fastify'
import { exactly } from './exact.ts'

declare module 'coatcheck/fastify/augment' {
  interface SessionData {
    typed: string[]
  }
}

const sessions = createSessions<{ visits: number }>()
const app = fastify()
void app.register(session(sessions))
void app.register(session(sessions, { property: 'shop', lazy: true, activity: ({ url }) => url !== '/poll' }))
// @ts-expect-error -- no sessions
void app.register(session({}))
// @ts-expect-error -- an option is left out, not set to undefined
void app.register(session(sessions, { lazy: undefined }))

app.get('/', async (request, reply) => {
  exactly<Partial<{ visits: number }>>()(sessions.of(request).data)
  exactly<number | undefined>()((await sessions.get(request)).data.visits)

  // By the augmentation, for the whole program.
  exactly<string[] | undefined>()(request.session.typed)
  exactly<unknown>()(request.session.get('typed'))
  exactly<Record<string, unknown>>()(request.session.data())
  exactly<Promise<void>>()(request.session.regenerate(['typed']))
  request.session.set('typed', ['a'])
  request.session = null
  // @ts-expect-error -- no such key
  request.session.type = 1
  // @ts-expect-error -- read-only
  request.session.id = 'mine'
  return reply.send('')
})
