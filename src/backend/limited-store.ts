import { isBrokenConnection } from './broken-connection.ts'
import type { Clock } from '../runtime/clock.ts'
import { SessionError } from '../errors.ts'
import type { Emit } from '../events/events.ts'
import { inWords } from '../options/duration.ts'
import { sharedTimer } from './shared-timer.ts'
import type { Store } from '../store.ts'

/**
 * Every store call bounded in time, and every failure told in our own words.
 *
 * A call that did not answer may still take effect later: the visitor got an error, and that is all anybody knows.
 * The late answer is dropped; it can change nothing that was promised, because every write carries its version.
 *
 * When a connection broke under a read or a touch, the call is made once more within the same limit: neither can do
 * harm by happening twice. A write is never repeated, because nobody knows whether it took effect: an update would
 * conflict with itself, and what it conflicts with looks like somebody else's (`docs/outages.md` has the table).
 */
export function limitedStore(store: Store, limitMs: number, clock: Clock, emit: Emit): Store {
  const timer = sharedTimer(limitMs, clock)

  function bounded<Result>(operation: string, call: () => Promise<Result>, repeatable = false): Promise<Result> {
    return new Promise((resolve, reject) => {
      let answered = false
      let repeats = repeatable ? 1 : 0
      const fail = (error: unknown): void => {
        if (answered) return
        if (repeats > 0 && isBrokenConnection(error)) {
          repeats -= 1
          emit('storeError', { operation, code: 'store_failed', error, retried: true })
          attempt()
          return
        }
        answered = true
        timer.end(waiting)
        const told =
          error instanceof SessionError
            ? error
            : new SessionError('store_failed', `${operation} failed; the cause says why`, { cause: error })
        emit('storeError', { operation, code: told.code, error, retried: false })
        reject(told)
      }
      const waiting = timer.begin(() => {
        fail(new SessionError('store_timeout', `${operation} did not answer within ${inWords(limitMs)}`))
      })
      const succeed = (result: Result): void => {
        answered = true
        timer.end(waiting)
        resolve(result)
      }
      function attempt(): void {
        try {
          call().then(succeed, fail)
        } catch (error) {
          fail(error)
        }
      }
      attempt()
    })
  }

  const list = store.list?.bind(store)
  const sweep = store.sweep?.bind(store)
  return {
    ...(store.name === undefined ? {} : { name: store.name }),
    read: (id, now) => bounded('read', () => store.read(id, now), true),
    create: (id, record, now) => bounded('create', () => store.create(id, record, now)),
    update: (id, expected, record, now) => bounded('update', () => store.update(id, expected, record, now)),
    touch: (id, expiresAt, now) => bounded('touch', () => store.touch(id, expiresAt, now), true),
    delete: (id) => bounded('delete', () => store.delete(id)),
    ...(list && {
      async *list(filter) {
        const records = await bounded('list', async () => list(filter)[Symbol.asyncIterator]())
        const close = async (): Promise<unknown> => records.return?.()
        let answers = false
        try {
          for (;;) {
            answers = false
            const next = await bounded('list', () => records.next())
            if (next.done) return
            answers = true
            yield next.value
          }
        } finally {
          // A generator that hangs in `next` hangs in `return`, too: waiting for it would swallow the timeout.
          if (answers) await bounded('list', close)
          else void close().catch(() => undefined)
        }
      },
    }),
    ...(sweep && { sweep: (now, limit) => bounded('sweep', () => sweep(now, limit)) }),
    close: () => bounded('close', async () => store.close?.()),
  }
}
