import type { APIRoute } from 'astro'
import { login } from 'coatcheck'

export const POST: APIRoute = async ({ request, redirect, locals: { session } }) => {
  // Here a real application asks for more than a name.
  const form = await request.formData()
  await login(session, String(form.get('name')), { keep: ['visits'] })
  return redirect('/', 303)
}
