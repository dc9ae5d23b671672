import { createSessions } from 'coatcheck'
import { session } from 'coatcheck/express'

const sessions = createSessions({ lifetime: '30d' })

export default session(sessions)
