import { same } from './check.ts'
import { arrived, codeOf, site } from './visitor.ts'
import type { SessionBody } from './visitor.ts'

/** P11: a broken store is said to be broken, and afterwards everybody has the session they had. */
export const outageBodies: Readonly<Record<string, SessionBody>> = {
  'P11 a session that cannot be read is anonymous and read-only, and there again afterwards': async (context) => {
    const on = site(context, { onStoreError: 'anonymous' })
    const ada = await arrived(on)
    const { cookie } = ada
    on.gates.fail('read', new Error('connection refused'), { times: 3 })
    const reading = await ada.open()
    same(reading.unavailable, true, 'unavailable')
    same(Object.keys(reading.data).length, 0, 'keys of the anonymous session')
    same((await ada.commit(reading)).setCookie.length, 0, 'cookies')
    const writing = await ada.open()
    writing.data['user'] = 'nobody'
    same(await codeOf(() => ada.commit(writing)), 'session_unavailable', 'the code from a commit with changes')
    const leaving = await ada.open()
    same(await codeOf(() => leaving.destroy()), 'session_unavailable', 'the code from destroy()')
    same(ada.cookie, cookie, 'the cookie')
    same((await ada.data())['user'], 'ada', 'data.user after the outage')
  },
  'P11 a write that fails at the commit is an error, in both modes': async (context) => {
    for (const onStoreError of ['error', 'anonymous'] as const) {
      const on = site(context, { onStoreError })
      const ada = await arrived(on)
      const session = await ada.open()
      session.data['user'] = 'changed'
      on.gates.fail('update', new Error('disk full'))
      same(await codeOf(() => ada.commit(session)), 'store_failed', `the code with ${onStoreError}`)
      same((await ada.data())['user'], 'ada', 'data.user')
    }
  },
}
