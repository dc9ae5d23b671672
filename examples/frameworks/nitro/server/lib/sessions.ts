import { createSessions } from 'coatcheck'
import type { Session } from 'coatcheck'
import { openStore } from 'coatcheck/stores'

interface Data {
  visits: number
}

declare module 'h3' {
  interface H3EventContext {
    session: Session<Data>
  }
}

export const sessions = createSessions<Data>({
  store: await openStore(process.env['SESSION_STORE'] ?? 'file:.sessions'),
})
