import { createSessions } from 'coatcheck'
import { openStore } from 'coatcheck/stores'

export interface Data {
  visits: number
}

export const sessions = createSessions<Data>({
  store: await openStore(process.env['SESSION_STORE'] ?? 'file:.sessions'),
})
