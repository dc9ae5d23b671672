import type { RequestHandler } from './$types'

// Cookies of SvelteKit and the session's travel side by side.
export const POST: RequestHandler = async ({ request, cookies, locals: { session } }) => {
  cookies.set('theme', await request.text())
  session.data.visits = 0
  return new Response(null, { status: 204 })
}
