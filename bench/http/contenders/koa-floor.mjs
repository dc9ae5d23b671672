import { koaApp } from '../frameworks/koa.mjs'

const nothing = () => 0
export const start = async () => koaApp({ read: nothing, write: nothing, create: nothing })
