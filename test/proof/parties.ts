/** Parties to a race, each of which stops before every call of the store and goes on when it is its turn. */
import type { Store } from '../../src/index.ts'

/** What a party waits to do. */
export interface Call {
  readonly operation: string
  readonly id: string
  /** The time it was told, Unix ms; undefined for calls that take none. */
  readonly now: number | undefined
}

/** Stop until it is this party's turn, then do `act`. */
export type Gate = <Result>(call: Call, act: () => Promise<Result>) => Promise<Result>

/** One side of a race. */
export interface Party {
  /** What it waits to do; undefined once it has ended. */
  readonly waiting: Call | undefined
  /** Everything it did and was answered, in order: what it knows of the world. */
  readonly history: readonly string[]
  /** Do what it waits for, and go on until it waits again or has ended. */
  turn(): Promise<void>
}

/** Start `run`, which may wait at the gate as often as it likes, and see it to its first stop. Rejects as `run` does. */
export async function startParty(
  run: (gate: Gate) => Promise<void>,
  describe: (value: unknown) => string,
): Promise<Party> {
  const history: string[] = []
  let waiting: { readonly call: Call; readonly go: () => void } | undefined
  let arrival = Promise.withResolvers<void>()

  async function gate<Result>(call: Call, act: () => Promise<Result>): Promise<Result> {
    if (waiting)
      throw new Error(`${call.operation} while ${waiting.call.operation} waits: a party does one thing at once`)
    await new Promise<void>((go) => {
      waiting = { call, go }
      arrival.resolve()
    })
    try {
      const result = await act()
      history.push(`${call.operation} ${call.id} ${call.now}: ${describe(result)}`)
      return result
    } catch (error) {
      history.push(`${call.operation} ${call.id} ${call.now}: ${String(error)}`)
      throw error
    }
  }

  const end = run(gate)
  await Promise.race([end, arrival.promise])
  return {
    history,
    get waiting() {
      return waiting?.call
    },
    async turn() {
      const go = waiting?.go
      if (!go) throw new Error('this party has ended')
      waiting = undefined
      arrival = Promise.withResolvers<void>()
      go()
      await Promise.race([end, arrival.promise])
    },
  }
}

/** The store as a party sees it: every call waits at the gate. */
export function steppedStore(store: Store, gate: Gate): Store {
  const [list, sweep] = [store.list?.bind(store), store.sweep?.bind(store)]
  return {
    read: (id, now) => gate({ operation: 'read', id, now }, () => store.read(id, now)),
    create: (id, record, now) => gate({ operation: 'create', id, now }, () => store.create(id, record, now)),
    update: (id, version, record, now) =>
      gate({ operation: 'update', id, now }, () => store.update(id, version, record, now)),
    touch: (id, expiresAt, now) => gate({ operation: 'touch', id, now }, () => store.touch(id, expiresAt, now)),
    delete: (id) => gate({ operation: 'delete', id, now: undefined }, () => store.delete(id)),
    ...(list && { list: (filter) => list(filter) }),
    ...(sweep && {
      sweep: (now, limit) => gate({ operation: 'sweep', id: '', now }, () => sweep(now, limit)),
    }),
  }
}
