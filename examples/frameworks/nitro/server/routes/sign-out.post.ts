import { flash, logout } from 'coatcheck'
import { defineHandler, redirect } from 'nitro/h3'

export default defineHandler(async ({ context: { session } }) => {
  await logout(session)
  flash(session, 'info', 'See you')
  return redirect('/', 303)
})
