/** What is encrypted or signed: in cookies, and in records. Nothing opens that was not made. */
import { sealedText, unsealedText } from '../../../src/backend/sealed-record.ts'
import { createBoundSeal } from '../../../src/sealing/seal-bound.ts'
import { secretsOf } from '../../../src/sealing/seal-keys.ts'
import { createSeal, isSealShaped } from '../../../src/sealing/seal.ts'
import { createSessions } from '../../../src/sessions.ts'
import { cookieStore } from '../../../src/stores/cookie.ts'
import { testClock } from '../../../src/testing/clock.ts'
import { must, outcomeOf, settled } from '../target.ts'
import type { FuzzTarget } from '../target.ts'
import { SPECIAL, valueOf } from '../values.ts'

/** The same for every run, so that what was sealed yesterday can be played back. */
const KEYS = [1, 2].map((first) => Uint8Array.from({ length: 32 }, (_, at) => (first * 89 + at * 37) % 256))

const NOW = Date.UTC(2001, 0, 1)
const TOKEN = 'A'.repeat(43)
const LINES = new Map([['user', '{"name":"ada"}']])
const DRAFT = {
  head: { kind: 'live', createdAt: NOW, permanent: true },
  lines: LINES,
  expiresAt: NOW + 60_000,
} as const
const TEXT = sealedText(TOKEN, { ...DRAFT, owner: 'ada' })

/** Sealed texts that were changed: in both forms of cookies, and in that of records. */
export async function sealed(): Promise<FuzzTarget> {
  const secrets = secretsOf(KEYS)
  const options = { secrets, purpose: 'cookie id' }
  const seals = await Promise.all([
    createSeal({ ...options, encrypt: true }),
    createSeal({ ...options, encrypt: false }),
  ])
  const older = await createSeal({ secrets: secrets.slice(1), purpose: 'cookie id', encrypt: true })
  const elsewhere = await createSeal({ secrets, purpose: 'cookie sid', encrypt: true })
  const [bound, ids] = [await createBoundSeal(options), ['a'.repeat(64), 'b'.repeat(64)] as const]
  const made = {
    encrypted: [await seals[0].make(TEXT), await older.make(TEXT)],
    signed: [await seals[1].make(TEXT)],
    bound: [await bound.make(TEXT, ids[0])],
    foreign: [await elsewhere.make(TEXT), await bound.make(TEXT, ids[1])],
  }
  const all = Object.values(made).flat()

  return {
    name: 'sealed',
    covers: ['src/sealing/'],
    form: 'text',
    words: [
      ...all.flatMap((each) => each.split('.')),
      '.',
      '..',
      '=',
      'sealed1.',
      btoa('{"alg":"none"}'),
      btoa('{"alg":"dir","enc":"A128GCM","zip":"DEF"}'),
    ],
    seeds: all,
    growing: {
      'a long part': (size) => `${made.encrypted[0]?.split('.')[0] ?? ''}..AAAA.${'AAAA'.repeat(size)}.AAAA`,
      'parts of a letter': (size) => 'AA.'.repeat(size),
      'letters that nearly fit': (size) => `${'A'.repeat(size * 4 + 1)}.A.A`,
      'a long record': (size) => `${made.bound[0]?.slice(0, 17) ?? ''}${'AAAA'.repeat(size)}`,
    },

    async run(text) {
      for (const [at, kind] of (['encrypted', 'signed'] as const).entries()) {
        const shaped = isSealShaped(text, kind === 'encrypted')
        const opened = await seals[at]?.open(text)
        const isOurs = made[kind].includes(text)
        if (isOurs) must(shaped && opened?.text === TEXT, 'what was sealed does not open')
        else must(!shaped || opened === undefined, `forged, and it opens: ${kind}`)
      }
      const opened = await bound.open(text, ids[0])
      must((opened !== undefined) === made.bound.includes(text), 'a record: forged and open, or sealed and shut')
      must((await bound.open(text, '')) === undefined, 'a record opens in another place')
      bound.keyOf(text)
    },
  }
}

/** Keys as an operator may give them. */
export function keys(): FuzzTarget {
  return {
    name: 'keys',
    covers: ['src/sealing/seal-keys.ts', 'src/stores/cookie.ts', 'src/stores/encrypted-options.ts'],
    form: 'json',
    words: [
      'keys',
      'encrypt',
      'a'.repeat(64),
      'MDEyMzQ1Njc4OWFiY2RlZkFCQ0RFRjAxMjM0NTY3ODk=',
      '=',
      '-',
      '_',
      ...SPECIAL,
    ],
    seeds: [
      '{"keys":["MDEyMzQ1Njc4OWFiY2RlZkFCQ0RFRjAxMjM0NTY3ODk="],"encrypt":false}',
      '{"keys":["00112233445566778899aabbccddeeff00112233445566778899aabbccddee01"]}',
    ],
    growing: {
      'a long secret': (size) => JSON.stringify({ keys: ['aB3-'.repeat(size)] }),
      'a long secret in hex': (size) => JSON.stringify({ keys: ['0123456789abcdef'.repeat(size / 8)] }),
      'a secret that nearly fits': (size) => JSON.stringify({ keys: [`${'aB3='.repeat(size)}!`] }),
    },
    run(input) {
      const given = valueOf(input)
      const made = outcomeOf(() => cookieStore(given as Parameters<typeof cookieStore>[0]))
      if ('result' in made) return
      must(made.refused.code === 'bad_option', `refused by ${made.refused.code}`)
      const listed: unknown = Object(given).keys
      // In the name of an option it is nothing that anybody keeps secret.
      const names = Object.keys(Object(given)).join()
      const secret = [listed].flat().find((key) => typeof key === 'string' && key.length > 15 && !names.includes(key))
      must(typeof secret !== 'string' || !made.refused.message.includes(secret), 'the message quotes a key')
    },
  }
}

/** What is inside a seal, from an earlier release, or a later one: opened, changed and sealed again. */
export async function sealedRecord(): Promise<FuzzTarget> {
  const clock = testClock(NOW + 1000)
  const sessions = createSessions<{ more?: number }>({
    store: cookieStore({ keys: KEYS }),
    clock,
    cookie: { secure: false },
  })
  const seal = await createSeal({ secrets: secretsOf(KEYS), purpose: 'cookie id', encrypt: true })
  return {
    name: 'sealed-record',
    covers: ['src/backend/sealed-record.ts', 'src/backend/backend-cookie.ts', 'src/record/record.ts'],
    form: 'text',
    words: [
      '{"v":1,',
      '"kind":"live"',
      '"superseded"',
      '"createdAt":',
      '"permanent":true',
      '"lifetime":',
      '"meta":',
      '"keys":[',
      '\n',
      TOKEN,
      '"__proto__"',
    ],
    seeds: [TEXT, TEXT.replace('"v":1', '"v":2'), TEXT.slice(0, -2), sealedText(TOKEN, { ...DRAFT, owner: undefined })],
    growing: {
      'many keys': (size) =>
        sealedText(TOKEN, {
          ...DRAFT,
          owner: undefined,
          lines: new Map(Array.from({ length: size / 4 }, (_, at) => [`k${at}`, '1'])),
        }),
    },

    async run(text) {
      const inside = unsealedText(text)
      if (!text.isWellFormed()) return
      const session = await sessions.open({ cookie: `id=${await seal.make(text)}`, secure: false })
      if (!session.isNew) must(!('unreadable' in inside) && inside.expiresAt > clock.now(), 'what has ended opens')
      const outcome = await settled(async () => {
        session.data.more = (session.data.more ?? 0) + 1
        return sessions.commit(session)
      })
      if ('refused' in outcome) return
      const [cookie = ''] = outcome.result.setCookie
      const again = await sessions.open({ cookie: cookie.split(';')[0], secure: false })
      must(!again.isNew && again.data.more !== undefined, 'what was saved does not open')
    },
  }
}
