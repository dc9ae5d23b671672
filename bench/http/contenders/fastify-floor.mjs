import { fastifyApp } from '../frameworks/fastify.mjs'

const nothing = () => 0
export const start = async () => fastifyApp({ read: nothing, write: nothing, create: nothing })
