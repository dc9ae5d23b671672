import { RedisStore } from 'connect-redis'
import { expressSession } from './express-session-app.mjs'
import { redisClient } from '../http/raw.mjs'

export const start = async ({ redis }) => expressSession(new RedisStore({ client: await redisClient(redis) }))
