import { check, isWritten, same, sameRecord, show } from './check.ts'
import { LIFE } from './store-context.ts'
import type { StoreCase } from './store-case.ts'
import { eachRound, inEitherOrder, nextTurn, onlyWinner, type Race, races, times } from './races.ts'

/**
 * Calls at once: what must hold whichever comes first, by name. Run through one handle here, and through two in
 * `store-cases-second.ts`, where no lock or queue inside a process can help.
 */
export const raceBodies: Readonly<Record<string, Race>> = {
  'of 20 creates of one ID at once exactly one succeeds, and its record is the one stored': {
    promise: 'P2',
    run: async ({ store, clock, id, record }, next) => {
      const key = id()
      const inputs = times(20, (n) => record({ payload: `writer ${n}`, owner: `owner ${n}` }))
      const results = await Promise.all(inputs.map((input) => next().create(key, input, clock.now())))
      const winner = onlyWinner(results, 'creates')
      sameRecord(await store.read(key, clock.now()), inputs[winner] ?? record(), 'the record of the winner')
      check(
        results.every((result) => result === null || isWritten(result)),
        'the losers of a create must get null',
      )
    },
  },
  'of 20 creates over one expired record at once exactly one succeeds': {
    promise: 'P2',
    run: async ({ store, clock, put, record }, next) => {
      const { id } = await put()
      clock.advance(LIFE)
      const inputs = times(20, (n) => record({ payload: `writer ${n}` }))
      const results = await Promise.all(inputs.map((input) => next().create(id, input, clock.now())))
      const winner = onlyWinner(results, 'creates')
      sameRecord(await store.read(id, clock.now()), inputs[winner] ?? record(), 'the record of the winner')
    },
  },
  'of 20 updates from one version at once exactly one succeeds, the others conflict': {
    promise: 'P2',
    run: async ({ store, clock, put, record }, next) => {
      const { id, version } = await put()
      const inputs = times(20, (n) => record({ payload: `writer ${n}`, owner: `owner ${n}` }))
      const results = await Promise.all(inputs.map((input) => next().update(id, version, input, clock.now())))
      const winner = onlyWinner(results, 'updates')
      same(results.filter((result) => result === 'conflict').length, 19, 'the number of conflicts')
      sameRecord(await store.read(id, clock.now()), inputs[winner] ?? record(), 'the record of the winner')
    },
  },
  'ten writers that read, add one and try again on a conflict lose nothing': {
    promise: 'P2',
    run: async ({ store, clock, put, record }, next) => {
      const { id } = await put({ payload: '0' })
      await Promise.all(
        times(10, async () => {
          const own = next()
          for (let added = 0; added < 5;) {
            const found = await own.read(id, clock.now())
            check(found !== null, 'a writer found the record gone')
            const input = record({ payload: String(Number(found.payload) + 1) })
            const result = await own.update(id, found.version, input, clock.now())
            check(result !== 'gone', "a writer's update came back 'gone'")
            if (isWritten(result)) added++
          }
        }),
      )
      same((await store.read(id, clock.now()))?.payload, '50', 'the count after 10 writers added 5 each')
    },
  },
  'of ten deletes at once exactly one is true': {
    promise: 'P3',
    run: async ({ store, clock, put }, next) => {
      const { id } = await put()
      const results = await Promise.all(times(10, () => next().delete(id)))
      same(results.filter(Boolean).length, 1, 'the number of deletes that were true')
      same(await store.read(id, clock.now()), null, 'read after that')
    },
  },
  'an update and a delete at once leave nothing, whichever comes first': {
    promise: 'P3',
    run: async ({ store, clock, put, record }, next) =>
      eachRound(async (round) => {
        const { id, version } = await put()
        const update = () => next().update(id, version, record({ payload: 'late' }), clock.now())
        const remove = () => next().delete(id)
        const [updated, deleted] = await inEitherOrder(round, update, remove)
        check(updated === 'gone' || isWritten(updated), `update beside a delete: expected a version or 'gone'`)
        same(deleted, true, 'delete beside an update')
        same(await store.read(id, clock.now()), null, 'read after that')
      }),
  },
  'a touch and a delete at once leave nothing, whichever comes first': {
    promise: 'P3',
    run: async ({ store, clock, put }, next) =>
      eachRound(async (round) => {
        const { id } = await put()
        const touch = () => next().touch(id, clock.now() + LIFE * 2, clock.now())
        const [, deleted] = await inEitherOrder(round, touch, () => next().delete(id))
        same(deleted, true, 'delete beside a touch')
        same(await store.read(id, clock.now()), null, 'read after that')
        same(await store.delete(id), false, 'another delete')
      }),
  },
  'a touch and an update at once both succeed, and the new payload stays': {
    promise: 'P9',
    run: async ({ store, clock, put, record }, next) =>
      eachRound(async (round) => {
        const { id, version } = await put()
        const input = record({ payload: 'new', owner: 'ada', life: LIFE + 1000 })
        const touchedTo = clock.now() + LIFE + 2000
        const touch = () => next().touch(id, touchedTo, clock.now())
        const [updated, touched] = await inEitherOrder(
          round,
          () => next().update(id, version, input, clock.now()),
          touch,
        )
        check(isWritten(updated), `update beside a touch: expected a version, got ${show(updated)}`)
        same(touched, true, 'touch beside an update')
        const found = await store.read(id, clock.now())
        const expiresAt = found?.expiresAt === touchedTo ? touchedTo : input.expiresAt
        sameRecord(found, { ...input, expiresAt }, 'the record after both')
        check(
          isWritten(await store.update(id, updated.version, record(), clock.now())),
          'update with the version of the update beside a touch: expected a version',
        )
      }),
  },
  'a create and a delete at once leave either the whole record or none': {
    promise: 'P3',
    run: async ({ store, clock, id, record }, next) =>
      eachRound(async (round) => {
        const key = id()
        const input = record({ payload: 'created', owner: 'ada' })
        const create = () => next().create(key, input, clock.now())
        const [created, deleted] = await inEitherOrder(round, create, () => next().delete(key))
        check(isWritten(created), 'create beside a delete: expected a version')
        const found = await store.read(key, clock.now())
        if (deleted) same(found, null, 'read after a delete that was true')
        else sameRecord(found, input, 'the record after a delete that was false')
      }),
  },
  'readers beside a writer see whole records only, never go back, and end with the last': {
    promise: 'P2',
    run: async ({ store, clock, put, record }, next) => {
      const content = (n: number) =>
        record({ payload: `${n}:${'x'.repeat((n * 7919) % 20_000)}`, owner: `owner ${n}`, life: LIFE + n })
      const { id, version } = await put({ payload: '0:', owner: 'owner 0' })
      const progress = { writing: true }
      const write = async (): Promise<void> => {
        let current = version
        for (let n = 1; n <= 40; n++) {
          const result = await store.update(id, current, content(n), clock.now())
          check(isWritten(result), `update ${n} of the only writer: got ${show(result)}`)
          current = result.version
          await nextTurn()
        }
      }
      const read = async (): Promise<void> => {
        const own = next()
        let last = 0
        const look = async (): Promise<void> => {
          const found = await own.read(id, clock.now())
          const n = Number(found?.payload.split(':')[0] ?? Number.NaN)
          sameRecord(found, content(n), `the record of update ${n}`)
          check(n >= last, `a reader saw update ${n} after update ${last}`)
          last = n
          await nextTurn()
        }
        while (progress.writing) await look()
        await look()
        same(last, 40, 'the last update that a reader sees when the writer is done')
      }
      const writer = write().finally(() => (progress.writing = false))
      await Promise.all([writer, read(), read()])
    },
  },
}

export const raceCases: readonly StoreCase[] = races(raceBodies, (context) => Promise.resolve([context.store]))
