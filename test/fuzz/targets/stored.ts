/**
 * Records read back from each store, after somebody else wrote there: mutated, cut short, of other programs. They are
 * put there by the server's own means, past the store, and then a visitor comes with the cookie that names them.
 */
import { fromBase64url, ticketFor } from '../../../src/cookie/token.ts'
import { encodeRecord } from '../../../src/record/record.ts'
import { createSessions } from '../../../src/sessions.ts'
import { testClock } from '../../../src/testing/clock.ts'
import { must, settled } from '../target.ts'
import type { FuzzTarget } from '../target.ts'
import { NOW, SOON } from './raw-place.ts'
import { openRawPlace } from './raw-places.ts'
import type { PlaceKind } from './raw-places.ts'

const TOKEN = 'A'.repeat(43)
const NEIGHBOUR = `${'B'.repeat(42)}A`

const HEAD = { kind: 'live', createdAt: NOW, permanent: true } as const
const PAYLOADS = [
  encodeRecord(
    HEAD,
    new Map([
      ['user', '{"name":"ada"}'],
      ['visits', '3'],
    ]),
  ),
  encodeRecord(
    { ...HEAD, authAt: NOW, note: { device: 'phone' }, meta: { issuedAt: NOW, cookie: 'x' } },
    new Map([['at', '{"$date":null}']]),
  ),
  encodeRecord({ ...HEAD, kind: 'superseded', meta: { to: 'a'.repeat(64), until: SOON, sealed: 'AAAA' } }, new Map()),
  encodeRecord({ ...HEAD, lifetime: 5000 }, new Map([['bad', '{"$unknown":1}']])),
  encodeRecord(HEAD, new Map()).replace('"v":1', '"v":2'),
]

/** One store, and raw writes past it. */
export async function stored(kind: PlaceKind): Promise<FuzzTarget> {
  const place = await openRawPlace(kind)
  const { store } = place
  const clock = testClock(NOW + 1000)
  const { id } = await ticketFor(TOKEN)
  let neighbours = 0
  const options = { store, clock, cookie: { secure: false }, sweepEvery: false, renewAfter: '2m' } as const
  const sessions = createSessions(options)
  const tokens = [NEIGHBOUR, NEIGHBOUR]
  const making = createSessions({
    ...options,
    randomBytes: () => fromBase64url(tokens.shift() ?? NEIGHBOUR),
  })
  const beside = await making.open({ cookie: undefined, secure: false })
  beside.data['who'] = 'a neighbour'
  await making.commit(beside)

  async function open(token: string) {
    return sessions.open({ cookie: `id=${token}`, secure: false })
  }

  /** What a request does, by turns. Whatever is there, it may be refused by our codes only. */
  async function visit(turn: number): Promise<void> {
    const session = await open(TOKEN)
    if (session.isNew) must(Object.keys(session.data).length === 0, 'a new session has something in it')
    switch (turn) {
      case 0:
        await sessions.commit(session)
        return
      case 1:
        session.data['more'] = 1
        await sessions.commit(session)
        return
      case 2:
        await session.regenerate({ keep: true })
        await sessions.commit(session)
        return
      case 3:
        await session.destroy()
        await sessions.commit(session)
        return
      case 4:
        await session.update((data) => void (data['count'] = Number(data['count'] ?? 0) + 1))
        await sessions.commit(session)
        return
      default:
        await sessions.revoke(id)
        must(Object.keys((await open(TOKEN)).data).length === 0, 'what was revoked opens')
    }
  }

  return {
    name: `stored-${kind}`,
    covers: [
      ...place.covers,
      'src/record/record.ts',
      'src/backend/compare-and-set.ts',
      'src/operating/session-info.ts',
    ],
    form: place.form,
    words: [
      ...place.words,
      '{"v":1,',
      '"kind":"live"',
      '"superseded"',
      '"createdAt":',
      '"lifetime":',
      '"authAt":',
      '"keys":[',
      '\n',
      `${SOON}`,
      `${NOW}`,
    ],
    seeds: PAYLOADS.flatMap((payload) => place.seeds(payload, id)),
    growing: place.growing ?? {},

    async run(input) {
      if (!(await place.put(id, input))) return
      // A wrapper whose owner is away may be told so; absence and foreign things are values.
      const record = await store.read(id, clock.now())
      if (record) {
        must(typeof record.payload === 'string', 'the payload is no text')
        must(Number.isFinite(record.expiresAt) && record.expiresAt > clock.now(), `its deadline is ${record.expiresAt}`)
        must(['string', 'number'].includes(typeof record.version), 'there is no version')
        must(record.owner === undefined || typeof record.owner === 'string', 'its owner is no text')
      }
      await settled(() => visit(input.length % 6))
      neighbours += 1
      if (neighbours % 16 === 1) {
        if (store.list) {
          const seen: string[] = []
          for await (const listed of sessions.list()) seen.push(listed.id)
          must(seen.length > 0, 'the neighbour is not listed')
        }
        await sessions.sweep()
        must((await open(NEIGHBOUR)).data['who'] === 'a neighbour', "a neighbour's session is not what it was")
      }
      await place.clear(id)
    },

    async stop() {
      await sessions.close()
      await making.close()
      await place.stop()
    },
  }
}
