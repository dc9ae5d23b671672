import { defineHandler } from 'nitro/h3'

export default defineHandler(({ context: { session } }) => {
  session.data.visits = (session.data.visits ?? 0) + 1
  return `Visits: ${session.data.visits}`
})
