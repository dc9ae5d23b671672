/** A visit to each store on a server that is named by its URL: `NAME=URL …`. One line of JSON for each. */
import { createSessions } from 'coatcheck'
import { openStore } from 'coatcheck/stores'
import { runParts } from './run-parts.ts'
import type { PartCase } from './parts.ts'

const parts: Record<string, PartCase[]> = {}
for (const argument of process.argv.slice(2)) {
  const at = argument.indexOf('=')
  const url = argument.slice(at + 1)
  parts[argument.slice(0, at)] = [{ name: 'a session is made, read, changed and ended', run: () => visit(url) }]
}
await runParts(parts, [], (line) => console.log(line))
process.exit()

async function visit(url: string): Promise<void> {
  const sessions = createSessions<{ count: number }>({ store: await openStore(url), cookie: { secure: false } })
  try {
    const first = await sessions.open({ cookie: undefined, secure: false })
    first.data.count = 1
    const { setCookie } = await sessions.commit(first)
    const cookie = setCookie[0]?.split(';')[0]

    const second = await sessions.open({ cookie, secure: false })
    await second.update((data) => void (data.count = (data.count ?? 0) + 1))
    await sessions.commit(second)

    const third = await sessions.open({ cookie, secure: false })
    if (third.data.count !== 2) throw new Error(`the count is ${third.data.count}`)
    await third.destroy()
    await sessions.commit(third)
    const last = await sessions.open({ cookie, secure: false })
    if (!last.isNew || last.data.count !== undefined) throw new Error('a session that was ended is still there')
  } finally {
    await sessions.close()
  }
}
