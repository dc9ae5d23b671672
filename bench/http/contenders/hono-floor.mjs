import { honoApp } from '../frameworks/hono.mjs'

const nothing = () => 0
export const start = async () => honoApp({ read: nothing, write: nothing, create: nothing })
