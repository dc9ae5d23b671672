import { redirect } from '@sveltejs/kit'
import { flash, login, logout, takeFlashes } from 'coatcheck'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = ({ locals: { session } }) => ({
  visits: session.data.visits ?? 0,
  owner: session.owner,
  notices: takeFlashes(session).map(({ message }) => message),
})

export const actions: Actions = {
  async signIn({ request, locals: { session } }) {
    // Here a real application asks for more than a name.
    const form = await request.formData()
    await login(session, String(form.get('name')), { keep: ['visits'] })
    redirect(303, '/')
  },
  async signOut({ locals: { session } }) {
    await logout(session)
    flash(session, 'info', 'See you')
    redirect(303, '/')
  },
}
