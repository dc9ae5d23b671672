import type { APIRoute } from 'astro'
import { flash, logout } from 'coatcheck'

export const POST: APIRoute = async ({ redirect, locals: { session } }) => {
  await logout(session)
  flash(session, 'info', 'See you')
  return redirect('/', 303)
}
