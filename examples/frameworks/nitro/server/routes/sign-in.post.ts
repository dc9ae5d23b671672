import { login } from 'coatcheck'
import { defineHandler, redirect } from 'nitro/h3'

export default defineHandler(async ({ req, context: { session } }) => {
  // Here a real application asks for more than a name.
  const form = await req.formData()
  await login(session, String(form.get('name')), { keep: ['visits'] })
  return redirect('/', 303)
})
