import { nodeApp } from '../frameworks/node.mjs'

const nothing = () => 0
export const start = async () => nodeApp({ read: nothing, write: nothing, create: nothing })
