'use server'

import { redirect } from 'next/navigation'
import { login, logout } from 'coatcheck'
import { changeSession } from '../lib/sessions'

export async function signIn(form: FormData): Promise<void> {
  // Here a real application asks for more than a name.
  await changeSession((session) => login(session, String(form.get('name')), { keep: ['visits'] }))
  redirect('/')
}

/** Without a redirect: the page is rendered in the answer to the action, and reads the session that has just moved. */
export async function renew(): Promise<void> {
  await changeSession((session) => session.regenerate({ keep: true }))
}

export async function signOut(): Promise<void> {
  await changeSession(logout)
  redirect('/')
}
