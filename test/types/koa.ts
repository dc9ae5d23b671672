import { createSessions } from 'coatcheck'
import { session } from 'coatcheck/koa'
import type { SessionContext } from 'coatcheck/koa'
import Koa from 'koa'
import { exactly } from './exact.ts'

interface Shop {
  visits: number
}

const sessions = createSessions<Shop>()
const app = new Koa<Koa.DefaultState, SessionContext<Shop>>()
app.use(session(sessions))
app.use(session(sessions, { property: 'shop', lazy: true, activity: (ctx) => ctx.path !== '/poll' }))
// @ts-expect-error -- no sessions
app.use(session({}))
// @ts-expect-error -- an option is left out, not set to undefined
app.use(session(sessions, { activity: undefined }))

app.use(async (ctx) => {
  exactly<Partial<Shop>>()(sessions.of(ctx).data)
  exactly<number | undefined>()((await sessions.get(ctx)).data.visits)
  exactly<number | undefined>()(ctx.session.visits)
  exactly<string>()(ctx.session.id)
  exactly<Promise<void>>()(ctx.session.destroy())
  ctx.session = null
  ctx.session = { visits: 1 }
  // @ts-expect-error -- not its type
  ctx.session = { visits: '1' }
  // @ts-expect-error -- read-only
  ctx.session.id = 'mine'
})

// Under a schema nothing of the data is missing.
new Koa<Koa.DefaultState, SessionContext<Shop, Shop>>().use((ctx) => exactly<number>()(ctx.session.visits))
