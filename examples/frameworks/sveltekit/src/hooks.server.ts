import type { Handle } from '@sveltejs/kit/hooks'
import { withSession } from 'coatcheck/fetch'
import { sessions } from '#lib/server/sessions.ts'

const serve = withSession(sessions, (_request, session, { event, resolve }: Parameters<Handle>[0]) => {
  event.locals.session = session
  return resolve(event)
})

export const handle: Handle = (input) => serve(input.event.request, input)
