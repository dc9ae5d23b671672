import { withSession } from 'coatcheck/fetch'
import { sessions } from '../../lib/sessions'

export const GET = withSession(sessions, (_request, { data }) => {
  data.visits = (data.visits ?? 0) + 1
  return new Response(`Visits: ${data.visits}`)
})
