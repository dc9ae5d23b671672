import type { APIRoute } from 'astro'

// Cookies of Astro and the session's travel side by side.
export const POST: APIRoute = async ({ request, cookies, locals: { session } }) => {
  cookies.set('theme', await request.text())
  session.data.visits = 0
  return new Response(null, { status: 204 })
}
