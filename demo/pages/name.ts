import { Router } from 'express'
import { flash, login, logout } from 'coatcheck'
import { field, readForm } from '../form.ts'
import type { Site } from '../site.ts'

const LONGEST_NAME = 60

/** Say who you are, be greeted, log out. There are no passwords here: the demo shows sessions, not authentication. */
export function namePages({ session, show }: Site): Router {
  const pages = Router()
  pages.get('/name', (req, res) => show(req, res, 'name', { longest: LONGEST_NAME }))

  // oxlint-disable-next-line oxc/no-async-endpoint-handlers -- Express 5 passes a rejection on by itself
  pages.post('/name', readForm, async (req, res) => {
    const name = field(req, 'name', LONGEST_NAME)
    if (name === '') return show(req, res, 'name', { longest: LONGEST_NAME, missing: true }, 400)
    const current = session(req)
    await login(current, name, { keep: true })
    current.data.name = name
    flash(current, 'success', `Welcome, ${name}. Your session has a new ID; what was in it has come along.`)
    res.redirect(303, '/name')
  })

  // oxlint-disable-next-line oxc/no-async-endpoint-handlers -- as above
  pages.post('/name/logout', readForm, async (req, res) => {
    const current = session(req)
    await logout(current)
    flash(current, 'info', 'You are logged out. All that was in your session is gone.')
    res.redirect(303, '/name')
  })
  return pages
}
