/**
 * The proof that the kit can fail: each store here breaks one sentence of the contract, and must fail the cases named
 * beside it. A case that no broken store fails would be worth nothing.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ListedRecord, RecordInput, Store, StoredRecord, Version, Written } from '../src/store.ts'
import { memoryStore } from '../src/stores/memory.ts'
import {
  type OpenedStore,
  runStoreCase,
  runStoreCases,
  sessionCases,
  storeCases,
  type StoreSetup,
  type TestClock,
} from '../src/testing/index.ts'

/** A store with one rule broken; what is not mentioned is the memory store's. */
type Breakage = (good: Required<Store>, clock: TestClock) => Partial<Store>

/** Failed in a test of its own below, because it needs a setup of its own. */
const ELSEWHERE = [
  'a payload above the limit that the setup states is refused as record_too_large, and nothing changes',
]

/** What is broken, how, and a case that must notice. */
const broken: Readonly<Record<string, readonly [breakage: Breakage, noticedBy: readonly RegExp[]]>> = {
  'update inserts when there is no record': [
    (good) => ({
      update: async (id, expected, record, now) => {
        const result = await good.update(id, expected, record, now)
        return result === 'gone' ? ((await good.create(id, record, now)) ?? 'conflict') : result
      },
    }),
    [
      /^an update after delete is 'gone'/,
      /^an update of an ID that was never stored/,
      /^an update and a delete at once/,
    ],
  ],
  'update ignores the version': [
    (good) => ({ update: (id, _expected, record, now) => overwrite(good, id, record, now) }),
    [/^an update with an old version is a 'conflict'/, /^of 20 updates from one version/, /^ten writers/],
  ],
  'update checks the version, then writes a turn later': [
    (good) => ({
      update: async (id, expected, record, now) => {
        const found = await good.read(id, now)
        if (found === null) return 'gone'
        if (found.version !== expected) return 'conflict'
        await nextTurn()
        return overwrite(good, id, record, now)
      },
    }),
    [/^of 20 updates from one version/, /^ten writers/],
  ],
  'update looks for the record, then writes it a turn later whether it is there or not': [
    (good) => ({
      update: async (id, expected, record, now) => {
        const found = await good.read(id, now)
        if (found?.version !== expected) return found === null ? 'gone' : 'conflict'
        await nextTurn()
        const result = await overwrite(good, id, record, now)
        return result === 'gone' ? ((await good.create(id, record, now)) ?? 'conflict') : result
      },
    }),
    [/^an update and a delete at once leave nothing/],
  ],
  'update of an unknown ID is a conflict': [
    (good) => ({
      update: async (id, expected, record, now) => {
        const result = await good.update(id, expected, record, now)
        return result === 'gone' ? 'conflict' : result
      },
    }),
    [/^an update of an ID that was never stored is 'gone'/, /^an update is taken one millisecond before/],
  ],
  'update keeps the owner when none is given': [
    (good) => ({
      update: async (id, expected, record, now) => {
        const owner = record.owner ?? (await good.read(id, now))?.owner
        return good.update(id, expected, owner === undefined ? record : { ...record, owner }, now)
      },
    }),
    [/^an update without an owner removes/],
  ],
  'update never moves the deadline back': [
    (good) => ({
      update: async (id, expected, record, now) => {
        const expiresAt = Math.max(record.expiresAt, (await good.read(id, now))?.expiresAt ?? 0)
        return good.update(id, expected, { ...record, expiresAt }, now)
      },
    }),
    [/^an update may move the deadline back/],
  ],
  'update forgets the deadline it was given': [
    (good) => ({
      update: async (id, expected, record, now) => {
        const { expiresAt } = (await good.read(id, now)) ?? record
        return good.update(id, expected, { ...record, expiresAt }, now)
      },
    }),
    [/^an update with the version of the create succeeds and replaces/],
  ],
  'versions start again with every create': [
    (good) => versionsOfItsOwn(good),
    [/^a version is never used again/, /^create over an expired/],
  ],
  'versions are a hash of the content': [
    (good) => contentVersions(good),
    [/^an update that writes the same bytes again/],
  ],
  'create replaces a live record': [
    (good) => ({
      create: async (id, record, now) =>
        (await good.create(id, record, now)) ?? written(await overwrite(good, id, record, now)),
    }),
    [/^create on a live ID gives null/, /^of 20 creates of one ID/],
  ],
  'create looks first and writes a turn later': [
    (good) => ({
      create: async (id, record, now) => {
        if ((await good.read(id, now)) !== null) return null
        await nextTurn()
        await good.delete(id)
        return good.create(id, record, now)
      },
    }),
    [/^of 20 creates of one ID/, /^of 20 creates over one expired/],
  ],
  'create fails while an expired record still has bytes': [
    (good) => ({ create: async (id, record) => good.create(id, record, 0) }),
    [/^create over an expired record succeeds/],
  ],
  'read gives expired records': [
    (good) => ({ read: (id) => good.read(id, 0) }),
    [/^a record is read one millisecond before its deadline, and is null at/],
  ],
  'read gives a record at its deadline': [
    (good) => ({ read: (id, now) => good.read(id, now - 1) }),
    [/^a record is read one millisecond before its deadline, and is null at/],
  ],
  'read ends a record a second early': [
    (good) => ({ read: (id, now) => good.read(id, now + 1000) }),
    [/^a record is read one millisecond before its deadline, and is null at/],
  ],
  'deadlines are kept in whole seconds': [
    (good) => ({
      create: (id, record, now) =>
        good.create(id, { ...record, expiresAt: Math.ceil(record.expiresAt / 1000) * 1000 }, now),
    }),
    [/^deadlines are kept to the millisecond/],
  ],
  "the machine's clock decides": [
    (good) => ({ read: (id) => good.read(id, Date.now()) }),
    [/^the clock that is passed in decides, not the machine's: long ago/, /^a created record is read back exactly/],
  ],
  'a deadline is kept in 32 bits of seconds': [
    (good) => ({
      create: (id, record, now) =>
        good.create(id, { ...record, expiresAt: Math.min(record.expiresAt, 2 ** 31 * 1000) }, now),
    }),
    [/^deadlines are kept to the millisecond, up to the end of the year 9999/, /: far in the future$/],
  ],
  'touch moves the deadline back': [
    (good) => ({ touch: (id, expiresAt, now) => rewrite(good, id, now, (record) => ({ ...record, expiresAt })) }),
    [/^touch to an earlier or the same deadline/, /^touch keeps the version/],
  ],
  'touch revives an expired record': [
    (good) => ({ touch: (id, expiresAt) => good.touch(id, expiresAt, 0) }),
    [/^touch of an expired record is false/],
  ],
  'touch of an expired record is true, though it stays dead': [
    (good) => ({ touch: async (id, expiresAt, now) => (await good.touch(id, expiresAt, now)) || expiresAt > now }),
    [/^touch of an expired record is false/, /^touch of an ID that was never stored/],
  ],
  'touch makes a record': [
    (good) => ({
      touch: async (id, expiresAt, now) =>
        (await good.touch(id, expiresAt, now)) || (await good.create(id, { payload: '', expiresAt }, now)) !== null,
    }),
    [/^touch of an ID that was never stored, or was deleted/, /^a touch and a delete at once/],
  ],
  'touch reads, then writes a turn later whatever is there': [
    (good) => ({
      touch: async (id, expiresAt, now) => {
        const found = await good.read(id, now)
        if (found === null) return false
        await nextTurn()
        await good.delete(id)
        return (await good.create(id, { ...found, expiresAt }, now)) !== null
      },
    }),
    [/^a touch and a delete at once leave nothing/, /^a touch and an update at once/],
  ],
  'touch takes a new version': [
    (good) => ({
      touch: (id, expiresAt, now) =>
        rewrite(good, id, now, (record) => ({ ...record, expiresAt: Math.max(expiresAt, record.expiresAt) })),
    }),
    [/^touch keeps the version/],
  ],
  'touch does nothing': [
    (good) => ({ touch: async (id, _expiresAt, now) => (await good.read(id, now)) !== null }),
    [/^touch moves the deadline forward/],
  ],
  'touch loses the owner': [
    (good) => ({
      touch: async (id, expiresAt, now) =>
        rewrite(good, id, now, (record) => ({
          payload: record.payload,
          expiresAt: Math.max(expiresAt, record.expiresAt),
        })),
    }),
    [/^touch moves the deadline forward and changes nothing else/],
  ],
  'delete is always true': [
    (good) => ({ delete: async (id) => (await good.delete(id)) || true }),
    [/^delete gives true for a record, false when there is none/, /^of ten deletes at once/],
  ],
  'delete is false for an expired record': [
    (good, clock) => ({ delete: async (id) => (await good.read(id, clock.now())) !== null && good.delete(id) }),
    [/^an expired record can be deleted/],
  ],
  'delete takes every ID with the same beginning': [
    (good) => ({
      delete: async (id) => {
        const found = await good.delete(id)
        for await (const each of good.list()) if (each.id.startsWith(id.slice(0, 60))) await good.delete(each.id)
        return found
      },
    }),
    [/^records do not touch each other/],
  ],
  'payloads lose white space at their ends': [
    (good) => changing(good, (payload) => payload.trim()),
    [/^a payload is kept exactly: one space/],
  ],
  'payloads are normalized': [
    (good) => changing(good, (payload) => payload.normalize('NFC')),
    [/^a payload is kept exactly: astral characters, joiners/],
  ],
  'payloads are kept in Latin-1': [
    (good) => changing(good, (payload) => Buffer.from(payload, 'latin1').toString('latin1')),
    [/^a payload is kept exactly: every character of the basic plane/],
  ],
  'payloads lose what is beyond the basic plane': [
    (good) => changing(good, (payload) => payload.replaceAll(/[\u{10000}-\u{10ffff}]/gu, '?')),
    [/^a payload is kept exactly: a sample of every other plane/],
  ],
  'payloads lose carriage returns': [
    (good) => changing(good, (payload) => payload.replaceAll('\r\n', '\n')),
    [/^a payload is kept exactly: line ends of every kind/],
  ],
  'payloads lose a byte order mark': [
    (good) => changing(good, (payload) => new TextDecoder().decode(new TextEncoder().encode(payload))),
    [/^a payload is kept exactly: a byte order mark at the start/],
  ],
  'payloads are cut at 64 KiB': [
    (good) => changing(good, (payload) => payload.slice(0, 65_535)),
    [/^a payload is kept exactly: sixty-six thousand bytes/, /^a payload of 1 MiB/],
  ],
  'an empty payload is no payload': [
    (good) => ({
      read: async (id, now) => {
        const found = await good.read(id, now)
        return found?.payload === '' ? null : found
      },
    }),
    [/^a payload is kept exactly: the empty string/],
  ],
  'the record handed in is kept by reference': [keptByReference, [/^what the caller does to its objects/]],
  'an absent owner comes back as an empty one': [
    (good) => ({
      read: async (id, now) => {
        const found = await good.read(id, now)
        return found === null ? null : { ...found, owner: found.owner ?? '' }
      },
    }),
    [/^a record without an owner comes back without one/],
  ],
  'list gives everybody for an owner': [(good) => ({ list: () => good.list() }), [/^the list of an owner has exactly/]],
  'list compares owners without case': [
    (good) => listing(good, (entry, owner) => entry.owner?.toLowerCase() === owner?.toLowerCase()),
    [/^owners that look alike/],
  ],
  'list compares owners without trailing space': [
    (good) => listing(good, (entry, owner) => entry.owner?.trimEnd() === owner?.trimEnd()),
    [/^owners that look alike/],
  ],
  'list takes the owner for a pattern': [
    (good) => listing(good, (entry, owner = '') => like(owner).test(entry.owner ?? '')),
    [/^owners that look alike/],
  ],
  'list cuts owners to 199 characters': [
    (good) => listing(good, (entry, owner) => entry.owner?.slice(0, 199) === owner?.slice(0, 199)),
    [/^owners that look alike/],
  ],
  'list stops after a thousand records': [
    (good) => ({ list: (filter) => firstOf(good.list(filter), 1_000) }),
    [/^more records than any page holds/],
  ],
  'list gives a record twice': [
    (good) => ({ list: (filter) => twice(good.list(filter)) }),
    [/^list gives every record once/],
  ],
  'list gives an owner the records it had before': [
    staleOwnerIndex,
    [/^the list of an owner has exactly/, /^a record created over an expired or deleted one is listed/],
  ],
  'list says every record takes nothing': [
    (good) => ({ list: (filter) => mapped(good.list(filter), (entry) => ({ ...entry, size: 0 })) }),
    [/^list gives every record once, exactly as read does, with its size/],
  ],
  'list gives a version that is not the stored one': [
    (good) => ({
      list: (filter) => mapped(good.list(filter), (entry) => ({ ...entry, version: `v${entry.version}` })),
    }),
    [/^the version that list gives/],
  ],
  'sweep removes what is about to expire': [
    (good) => ({ sweep: (now, limit) => good.sweep(now + 1, limit) }),
    [/^sweeping an empty store, or one with nothing dead/, /^a sweep removes every dead record and no live one/],
  ],
  'sweep removes nothing': [
    () => ({ sweep: async () => ({ removed: 0, more: false }) }),
    [/^a sweep removes every dead record/],
  ],
  'sweep ignores its limit': [
    (good) => ({ sweep: (now, limit) => good.sweep(now, { ...limit, records: Infinity }) }),
    [/^a batch removes at most limit.records/],
  ],
  'sweep never says that there is more': [
    (good) => ({ sweep: async (now, limit) => ({ ...(await good.sweep(now, limit)), more: false }) }),
    [/^a batch removes at most limit.records/],
  ],
  'sweep always says that there is more': [
    (good) => ({ sweep: async (now, limit) => ({ ...(await good.sweep(now, limit)), more: true }) }),
    [/^sweeping an empty store, or one with nothing dead/],
  ],
  'sweep counts what it did not remove': [
    (good) => ({ sweep: async (now, limit) => ({ ...(await good.sweep(now, limit)), removed: limit.records }) }),
    [/^sweeping an empty store, or one with nothing dead/],
  ],
  'sweep picks the dead, and removes them a turn later without looking again': [
    (good) => ({ sweep: (now, limit) => carelessSweep(good, now, limit.records) }),
    [/^a sweep does not remove what is created over the dead/, /^two sweeps at once harm nothing/],
  ],
  'sweep by a clock that is ahead removes what was just saved': [
    (good) => ({ sweep: (now, limit) => carelessSweep(good, now, limit.records) }),
    [/^a sweep by a clock that is ahead/],
  ],
  'read makes up an empty record': [
    (good) => ({
      read: async (id, now) => (await good.read(id, now)) ?? { payload: '', expiresAt: now + 1, version: 0 },
    }),
    [/^reading an ID that was never stored/],
  ],
  'read gives a version that is not the stored one': [
    (good) => ({
      read: async (id, now) => {
        const found = await good.read(id, now)
        return found === null ? null : { ...found, version: `v${found.version}` }
      },
    }),
    [/^an update with the version that read gave/],
  ],
  'update answers with the version before': [
    (good) => ({
      update: async (id, expected, record, now) => {
        const result = await good.update(id, expected, record, now)
        return typeof result === 'string' ? result : { version: expected }
      },
    }),
    [/^an update with the version of the last update/],
  ],
  'update removes and inserts, with turns between': [
    (good) => ({
      update: async (id, expected, record, now) => {
        const result = await good.update(id, expected, record, now)
        if (typeof result === 'string') return result
        await good.delete(id)
        // Several, so that a reader which also waits a turn at a time is sure to look in between.
        for (let turn = 0; turn < 5; turn++) await nextTurn()
        return (await good.create(id, record, now)) ?? 'conflict'
      },
    }),
    [/^readers beside a writer/],
  ],
  'an ID is taken for ever': [
    (good) => {
      const taken = new Set<string>()
      return {
        create: async (id, record, now) => {
          if (taken.has(id)) return null
          taken.add(id)
          return good.create(id, record, now)
        },
      }
    },
    [/^an ID that was deleted can be created again/, /^a swept ID can be created again/],
  ],
  'create refuses what is already dead': [
    (good) => ({ create: async (id, record, now) => (record.expiresAt > now ? good.create(id, record, now) : null) }),
    [/^a record whose deadline has already come/],
  ],
  'create answers first and writes a turn later': [
    (good) => ({
      create: async (id, record, now) => {
        void nextTurn().then(() => good.create(id, record, now))
        return { version: 0 }
      },
    }),
    [/^a create and a delete at once/],
  ],
  'touch brings the first version back': [
    (good) => {
      const versions = new Map<string, number>()
      return {
        ...versionsOfItsOwn(good, versions),
        touch: async (id, expiresAt, now) => {
          versions.set(id, 1)
          return good.touch(id, expiresAt, now)
        },
      }
    },
    [/^touch does not bring an old version back/],
  ],
  'payloads lose backslashes': [
    (good) => changing(good, (payload) => payload.replaceAll('\\', '')),
    [/^a payload is kept exactly: quotes, backslashes/],
  ],
  "payloads lose the separators of the store's own format": [
    (good) => changing(good, (payload) => payload.replaceAll('\u001f', '')),
    [/^a payload is kept exactly: protocol words/],
  ],
  'payloads become numbers where they can': [
    (good) => changing(good, (payload) => (Number.isNaN(Number(payload)) ? payload : String(Number(payload)))),
    [/^a payload is kept exactly: looks like a number/],
  ],
  'payloads lose direction marks': [
    (good) => changing(good, (payload) => payload.replaceAll(/[\u202a-\u202e]/g, '')),
    [/^a payload is kept exactly: right-to-left/],
  ],
  'payloads lose control characters': [
    (good) => changing(good, (payload) => payload.replaceAll(/\p{Cc}/gu, '')),
    [/^a payload is kept exactly: every control character/],
  ],
  'owners are kept in lower case': [
    (good) => ({
      create: (id, record, now) =>
        good.create(id, record.owner === undefined ? record : { ...record, owner: record.owner.toLowerCase() }, now),
    }),
    [/^an owner is kept exactly/],
  ],
  'list gives the records of another store too': [
    (good) => ({
      async *list(filter) {
        yield { id: 'f'.repeat(64), payload: '', expiresAt: 0, version: 0, size: 1, owner: filter?.owner ?? 'eve' }
        yield* good.list(filter)
      },
    }),
    [/^the list of an empty store is empty/],
  ],
  'list gives every record as it was created': [
    listedAsCreated,
    [/^a touched record is listed with its new deadline/, /^swept records are no longer listed/],
  ],
  'list pages by offset': [
    (good) => ({
      async *list(filter) {
        for (let offset = 0; ; offset += 10) {
          const page = (await all(good.list(filter))).slice(offset, offset + 10)
          if (page.length === 0) return
          yield* page
        }
      },
    }),
    [/^every listed record can be deleted while the list runs/],
  ],
  'list locks the store until it comes to its end': [
    (good) => {
      let locked = false
      return {
        async *list(filter) {
          locked = true
          yield* good.list(filter)
          locked = false
        },
        create: (id, record, now) =>
          locked ? Promise.reject(new Error('the store is locked')) : good.create(id, record, now),
      }
    },
    [/^a list that is left early or runs beside writes/],
  ],
  'sweep removes half of what it may': [
    (good) => ({ sweep: (now, limit) => good.sweep(now, { ...limit, records: Math.floor(limit.records / 2) }) }),
    [/^batches of one record/],
  ],
  'sweep goes on with what was dead when it began': [
    (good) => {
      let dead: string[] = []
      return {
        sweep: async (now, limit) => {
          if (dead.length === 0)
            dead = (await all(good.list())).filter(({ expiresAt }) => expiresAt <= now).map(({ id }) => id)
          const batch = dead.splice(0, limit.records)
          for (const id of batch) await good.delete(id)
          return { removed: batch.length, more: dead.length > 0 }
        },
      }
    },
    [/^a sweep that was begun earlier/],
  ],
  'a second close fails': [closesOnce, [/^close is harmless when it is called twice/]],
}

/** The same for a pair of handles. */
const brokenPairs: Readonly<Record<string, readonly [open: () => OpenedStore, noticedBy: readonly RegExp[]]>> = {
  'each handle has records of its own': [
    () => ({ store: memoryStore(), second: async () => memoryStore() }),
    [/^what one handle writes/, /^records outlive the handle/, /^of 20 updates .*\(through two handles\)/],
  ],
  'closing one handle closes the other': [
    () => {
      const good = memoryStore()
      const shared = { open: true }
      const handle = (): Store => ({
        ...good,
        read: async (id, now) => (shared.open ? good.read(id, now) : Promise.reject(new Error('closed'))),
        close: async () => void (shared.open = false),
      })
      return { store: handle(), second: async () => handle() }
    },
    [/^closing one handle leaves the other in use/, /^records outlive the handle/],
  ],
  'a handle remembers what it read': [
    () => {
      const good = memoryStore()
      const handle = (): Store => {
        const seen = new Map<string, StoredRecord | null>()
        return {
          ...good,
          read: async (id, now) => {
            const found = seen.get(id) ?? (await good.read(id, now))
            seen.set(id, found)
            return found
          },
        }
      }
      return { store: handle(), second: async () => handle() }
    },
    [/^what one handle writes/, /^readers beside a writer .*two handles/],
  ],
  'each handle counts its own versions': [
    () => {
      const good = memoryStore()
      const versions = new Map<string, number>()
      const handle = (): Store => ({ ...good, ...versionsOfItsOwn(good, versions) })
      return { store: handle(), second: async () => handle() }
    },
    [/^a version is never used again for one ID, whichever handle writes/],
  ],
  'each handle sweeps without looking again': [
    () => {
      const good = memoryStore()
      const handle = (): Store => ({ ...good, sweep: (now, limit) => carelessSweep(good, now, limit.records) })
      return { store: handle(), second: async () => handle() }
    },
    [/^two handles that sweep at once/],
  ],
}

runStoreCases({
  test,
  label: 'unbroken, two handles: ',
  open: async () => {
    const store = memoryStore()
    return { store, second: async () => store }
  },
})

runStoreCases({
  test,
  label: 'unbroken, native expiry: ',
  expiry: 'native',
  open: async () => {
    const { sweep: _sweep, list: _list, ...store } = memoryStore()
    return { store }
  },
  cannot: ['list', 'sweep', 'second'],
})

for (const [name, [breakage, noticedBy]] of Object.entries(broken))
  test(`the kit notices: ${name}`, () => mustFail(opening(breakage), noticedBy))

for (const [name, [open, noticedBy]] of Object.entries(brokenPairs))
  test(`the kit notices: ${name}`, () => mustFail({ open: async () => open() }, noticedBy))

test('every case of the store contract is failed by one of these stores', () => {
  const patterns = [...Object.values(broken), ...Object.values(brokenPairs)].flatMap(([, noticedBy]) => noticedBy)
  // The promises over sessions are there to fail a broken core, and are proven by breaking that.
  const contract = storeCases.filter((each) => !sessionCases.includes(each))
  const idle = contract.filter(({ name }) => !patterns.some((pattern) => pattern.test(name)))
  assert.deepEqual(
    idle.map(({ name }) => name),
    ELSEWHERE,
  )
})

test('no two cases have the same name', () => {
  assert.equal(new Set(storeCases.map(({ name }) => name)).size, storeCases.length)
})

test('a case that needs what the store lacks fails, unless the setup says so', async () => {
  const listCase = storeCases.find(({ needs }) => needs?.includes('list'))
  assert.ok(listCase)
  const { list: _list, ...blind } = memoryStore()
  const setup: StoreSetup = { open: async () => ({ store: blind }) }
  await assert.rejects(runStoreCase(listCase, setup), /no list\(\): add it, or say cannot: \['list'\]/)
  await runStoreCase(listCase, { ...setup, cannot: ['list'] })
})

test('an excuse that is not true fails', async () => {
  for (const ability of ['list', 'sweep', 'second'] as const) {
    const needy = storeCases.find(({ needs }) => needs?.includes(ability))
    assert.ok(needy)
    const store = memoryStore()
    const setup: StoreSetup = { open: async () => ({ store, second: async () => store }), cannot: [ability] }
    await assert.rejects(runStoreCase(needy, setup), new RegExp(`with cannot: \\['${ability}'\\]`))
  }
})

test('the cases that do not apply are returned and named', () => {
  const names: string[] = []
  const excused = runStoreCases({
    test: (name) => names.push(name),
    label: 'mine: ',
    open: async () => ({ store: memoryStore() }),
    cannot: ['second'],
  })
  assert.equal(names.length, storeCases.length)
  assert.ok(names.every((name) => name.startsWith('mine: ')))
  assert.equal(names.filter((name) => name.endsWith('[does not apply: cannot second]')).length, excused.length)
  assert.deepEqual(
    excused.map(({ name }) => name),
    storeCases.filter(({ needs }) => needs?.includes('second')).map(({ name }) => name),
  )
})

test('a stated payload limit is checked: a store that takes more, or fails in another way, is told apart', async () => {
  const limitCase = storeCases.find(({ name }) => name.startsWith('a payload above the limit'))
  assert.ok(limitCase)
  const opened = (store: Store): StoreSetup => ({ open: async () => ({ store }), maxPayload: 100_000 })
  await assert.rejects(runStoreCase(limitCase, opened(memoryStore())), /record_too_large.*it was accepted/)
  await runStoreCase(limitCase, opened(memoryStore({ maxBytes: 100_300 })))
})

test('the stores of a case are closed and disposed of when it fails', async () => {
  const done: string[] = []
  const failing: StoreSetup = {
    open: async () => {
      const store = memoryStore()
      const closing = (name: string): Store => ({
        ...store,
        read: () => Promise.reject(new Error('down')),
        close: async () => void done.push(name),
      })
      return {
        store: closing('store'),
        second: async () => closing('second'),
        dispose: async () => void done.push('dispose'),
      }
    },
  }
  const pairCase = storeCases.find(({ name }) => name.startsWith('what one handle writes'))
  assert.ok(pairCase)
  await assert.rejects(runStoreCase(pairCase, failing), /down/)
  assert.deepEqual(done, ['store', 'second', 'dispose'])
})

async function mustFail(setup: StoreSetup, noticedBy: readonly RegExp[]): Promise<void> {
  for (const pattern of noticedBy) {
    const cases = storeCases.filter(({ name }) => pattern.test(name))
    assert.notEqual(cases.length, 0, `no case is named ${pattern}`)
    for (const each of cases) await assert.rejects(runStoreCase(each, setup), Error, `not noticed by: ${each.name}`)
  }
}

function opening(breakage: Breakage): StoreSetup {
  return {
    open: async (clock) => {
      const good = memoryStore()
      const store = { ...good, ...breakage(good, clock) }
      return { store, second: async () => store }
    },
  }
}

/** What no store must be able to do: write whatever is stored. */
async function overwrite(good: Store, id: string, record: RecordInput, now: number): Promise<Written | 'gone'> {
  for (;;) {
    const found = await good.read(id, now)
    const result = found === null ? 'gone' : await good.update(id, found.version, record, now)
    if (result !== 'conflict') return result
  }
}

function written(result: Written | 'gone'): Written | null {
  return result === 'gone' ? null : result
}

async function rewrite(
  good: Store,
  id: string,
  now: number,
  change: (record: StoredRecord) => RecordInput,
): Promise<boolean> {
  const found = await good.read(id, now)
  return found !== null && (await good.update(id, found.version, change(found), now)) !== 'gone'
}

function versionsOfItsOwn(good: Store, versions: Map<string, number> = new Map()): Partial<Store> {
  const versionOf = (id: string): number => versions.get(id) ?? 0
  return {
    read: async (id, now) => {
      const found = await good.read(id, now)
      return found === null ? null : { ...found, version: versionOf(id) }
    },
    create: async (id, record, now) => {
      if ((await good.create(id, record, now)) === null) return null
      versions.set(id, 1)
      return { version: 1 }
    },
    update: async (id, expected, record, now) => {
      if ((await good.read(id, now)) === null) return 'gone'
      if (expected !== versionOf(id)) return 'conflict'
      await overwrite(good, id, record, now)
      versions.set(id, versionOf(id) + 1)
      return { version: versionOf(id) }
    },
  }
}

function contentVersions(good: Store): Partial<Store> {
  const versionOf = ({ payload, expiresAt, owner }: RecordInput): Version => JSON.stringify([payload, expiresAt, owner])
  return {
    create: async (id, record, now) =>
      (await good.create(id, record, now)) === null ? null : { version: versionOf(record) },
    update: async (id, expected, record, now) => {
      const found = await good.read(id, now)
      if (found === null) return 'gone'
      if (expected !== versionOf(found)) return 'conflict'
      await overwrite(good, id, record, now)
      return { version: versionOf(record) }
    },
  }
}

function changing(good: Store, change: (payload: string) => string): Partial<Store> {
  const changed = (record: RecordInput): RecordInput => ({ ...record, payload: change(record.payload) })
  return {
    create: (id, record, now) => good.create(id, changed(record), now),
    update: (id, expected, record, now) => good.update(id, expected, changed(record), now),
  }
}

function keptByReference(good: Store): Partial<Store> {
  const kept = new Map<string, RecordInput>()
  return {
    create: (id, record, now) => {
      kept.set(id, record)
      return good.create(id, record, now)
    },
    read: async (id, now) => {
      const found = await good.read(id, now)
      return found === null ? null : { ...found, ...kept.get(id) }
    },
  }
}

function listing(good: Required<Store>, matches: (entry: ListedRecord, owner?: string) => boolean): Partial<Store> {
  return {
    async *list(filter) {
      for await (const entry of good.list())
        // Claims the owner that was asked for: a store that compares carelessly may also write carelessly.
        if (filter?.owner === undefined) yield entry
        else if (matches(entry, filter.owner)) yield { ...entry, owner: filter.owner }
    },
  }
}

/** A pattern of SQL's LIKE. */
function like(pattern: string): RegExp {
  const escaped = pattern.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
  return new RegExp(`^${escaped.replaceAll('%', '.*').replaceAll('_', '.')}$`, 's')
}

async function* firstOf(entries: AsyncIterable<ListedRecord>, count: number): AsyncIterable<ListedRecord> {
  let left = count
  for await (const entry of entries) if (left-- > 0) yield entry
}

async function* twice(entries: AsyncIterable<ListedRecord>): AsyncIterable<ListedRecord> {
  let first: ListedRecord | undefined
  for await (const entry of entries) {
    first ??= entry
    yield entry
  }
  if (first !== undefined) yield first
}

async function* mapped(
  entries: AsyncIterable<ListedRecord>,
  change: (entry: ListedRecord) => ListedRecord,
): AsyncIterable<ListedRecord> {
  for await (const entry of entries) yield change(entry)
}

function staleOwnerIndex(good: Required<Store>): Partial<Store> {
  const ids = new Map<string, Set<string>>()
  const note = (id: string, { owner = '' }: RecordInput): void => {
    ids.set(owner, (ids.get(owner) ?? new Set()).add(id))
  }
  return {
    create: (id, record, now) => {
      note(id, record)
      return good.create(id, record, now)
    },
    update: (id, expected, record, now) => {
      note(id, record)
      return good.update(id, expected, record, now)
    },
    ...listing(good, ({ id }, owner = '') => ids.get(owner)?.has(id) ?? false),
  }
}

function listedAsCreated(good: Required<Store>): Partial<Store> {
  const created = new Map<string, ListedRecord>()
  return {
    create: async (id, record, now) => {
      const result = await good.create(id, record, now)
      if (result !== null) created.set(id, { ...record, ...result, id, size: 1 })
      return result
    },
    async *list(filter) {
      for (const entry of created.values()) if (filter?.owner === undefined || entry.owner === filter.owner) yield entry
    },
  }
}

async function all(entries: AsyncIterable<ListedRecord>): Promise<ListedRecord[]> {
  const found = []
  for await (const entry of entries) found.push(entry)
  return found
}

async function carelessSweep(
  good: Required<Store>,
  now: number,
  atMost: number,
): Promise<{ removed: number; more: boolean }> {
  const dead = []
  for await (const { id, expiresAt } of good.list()) if (expiresAt <= now && dead.length < atMost) dead.push(id)
  await nextTurn()
  for (const id of dead) await good.delete(id)
  return { removed: dead.length, more: dead.length === atMost }
}

function closesOnce(): Partial<Store> {
  let closed = false
  return {
    close: async () => {
      if (closed) throw new Error('already closed')
      closed = true
    },
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
