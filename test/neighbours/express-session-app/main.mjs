import { createApp } from './app.mjs'

const { default: session } = await import(`./session-${process.argv[2]}.mjs`)

createApp(session).listen(3000)
