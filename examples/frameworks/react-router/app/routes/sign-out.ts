import { flash, logout } from 'coatcheck'
import { redirect } from 'react-router'
import type { Route } from './+types/sign-out'
import { sessionContext } from '../sessions.server'

export async function action({ context }: Route.ActionArgs): Promise<Response> {
  const session = context.get(sessionContext)
  await logout(session)
  flash(session, 'info', 'See you')
  return redirect('/')
}
