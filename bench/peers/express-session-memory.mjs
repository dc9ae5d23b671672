import { expressSession } from './express-session-app.mjs'

export const start = async () => expressSession(undefined)
