import type { Route } from './+types/visits'
import { sessionContext } from '../sessions.server'

export function loader({ context }: Route.LoaderArgs): Response {
  const { data } = context.get(sessionContext)
  data.visits = (data.visits ?? 0) + 1
  return new Response(`Visits: ${data.visits}`)
}
