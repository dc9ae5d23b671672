import { expressApp } from '../frameworks/express.mjs'

const nothing = () => 0
export const start = async () => expressApp({ read: nothing, write: nothing, create: nothing })
