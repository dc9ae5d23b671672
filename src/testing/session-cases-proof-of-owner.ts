import { login } from '../owners/login.ts'
import type { Session } from '../session.ts'
import { same } from './check.ts'
import { arrived, site } from './visitor.ts'
import type { Data, SessionBody } from './visitor.ts'

const MINUTE = 60_000

/** P3 and P7: the absolute lifetime counts from a login, and what that means for what was before and comes after it. */
export const ownerProofBodies: Readonly<Record<string, SessionBody>> = {
  'P3 an ID that a login has left stays used up past the absolute end of before': async (context) => {
    const on = site(context, { absoluteLifetime: '2h' })
    const ada = await arrived(on)
    for (let visits = 0; visits < 2; visits += 1) {
      context.clock.advance(50 * MINUTE)
      await ada.request(() => {})
    }
    const slow = on.visitor(ada.cookie)
    context.clock.advance(19.5 * MINUTE)
    await ada.request((session) => login(session, 'ada', { keep: true }))
    context.clock.advance(0.75 * MINUTE)
    const reply = await slow.request((session) => {
      same(session.ended, 'superseded', 'session.ended under the old cookie')
      session.data['user'] = 'nobody'
    })
    same(reply.setCookie.length, 0, 'cookies under the old cookie')
    same((await ada.data())['user'], 'ada', 'data.user under the new cookie')
  },
  'P7 a session that stops being its owner’s lives on from their login, and keeps what is saved': async (context) => {
    const leave: readonly ((session: Session<Data>) => unknown)[] = [
      (session) => session.regenerate(),
      (session) => Object.assign(session, { owner: undefined }),
    ]
    for (const leaving of leave) {
      const on = site(context, { absoluteLifetime: '2h' })
      const ada = await arrived(on)
      context.clock.advance(59 * MINUTE)
      await ada.request((session) => login(session, 'ada'))
      for (let visits = 0; visits < 2; visits += 1) {
        context.clock.advance(35 * MINUTE)
        await ada.request(() => {})
      }
      await ada.request(async (session) => {
        await leaving(session)
        session.data['notice'] = 'see you'
      })
      same((await ada.data())['notice'], 'see you', 'data.notice past two hours')
      context.clock.advance(50 * MINUTE)
      same(Object.keys(await ada.data()).length, 0, 'keys two hours after the login')
    }
  },
}
