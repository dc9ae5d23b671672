import { createSessions } from 'coatcheck'
import { nextSessions } from 'coatcheck/next'
import type { NextHeaders } from 'coatcheck/next'
import { z } from 'zod'
import { exactly } from './exact.ts'

interface Shop {
  visits: number
}

export async function actions(nextHeaders: NextHeaders): Promise<void> {
  const { readSession, changeSession } = nextSessions(createSessions<Shop>(), nextHeaders)
  const { data } = await readSession()
  exactly<Readonly<Partial<Shop>>>()(data)
  // @ts-expect-error -- a component can save nothing
  data.visits = 1
  exactly<Promise<number>>()(changeSession((session) => (session.data.visits = (session.data.visits ?? 0) + 1)))

  const schema = z.object({ visits: z.number().default(0) })
  const checked = nextSessions(createSessions({ schema }), nextHeaders)
  exactly<Promise<number>>()(checked.changeSession((session) => (session.data.visits += 1)))
  exactly<number>()((await checked.readSession()).data.visits)
}
