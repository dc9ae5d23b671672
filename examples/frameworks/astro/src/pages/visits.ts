import type { APIRoute } from 'astro'

export const GET: APIRoute = ({ locals: { session } }) => {
  session.data.visits = (session.data.visits ?? 0) + 1
  return new Response(`Visits: ${session.data.visits}`)
}
