/** Runs worker.ts on Node, in the part of the platform: it listens, and hands the settings over. */
import { serve } from '@hono/node-server'
import worker from '../worker.ts'

const { SESSION_KEY } = process.env
if (SESSION_KEY === undefined) throw new Error('set SESSION_KEY to 32 random bytes: openssl rand -base64 32')

serve({ fetch: (request) => worker.fetch(request, { SESSION_KEY, INSECURE: 'yes' }), port: 3000 })
