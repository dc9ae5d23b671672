import type { Store } from '../store.ts'

/** A method of a store. */
export type StoreOperation = Exclude<keyof Store, 'name'>

/** One call that arrived at a gated store. */
export interface StoreCall {
  readonly operation: StoreOperation
  /** The record it is about; `undefined` for `list`, `sweep` and `close`. */
  readonly id: string | undefined
  readonly args: readonly unknown[]
}

/** On which side of the store a call is stopped: before it does anything, or when it is done and nobody knows. */
export type GateSide = 'before' | 'after'

/** Which calls a rule is for. */
export interface GateRule {
  /** Default `'before'`. After a call of `list` means: after its last record. */
  readonly side?: GateSide
  /** How many calls the rule is used up by. Default 1; `Infinity` for all until {@link Gates.open}. */
  readonly times?: number
  /** Only calls that this says yes to. */
  readonly only?: (call: StoreCall) => boolean
}

/** A call that stands at a gate. Only the first of `release` and `fail` counts. */
export interface Stop {
  readonly call: StoreCall
  readonly side: GateSide
  /** Let it go on. */
  release(): void
  /** Make it reject with `error`: before the store did anything, or although the store did it. */
  fail(error: unknown): void
}

/** A store with a stop at every operation, so that a test decides who comes first. */
export interface Gates {
  /** The gated store. Until a rule is set it behaves as the store it wraps, and has the same methods. */
  readonly store: Store
  /** Every call that arrived, oldest first, those that were stopped included. */
  readonly calls: readonly StoreCall[]
  /** How many calls arrived: of one operation, or all. */
  count(operation?: StoreOperation): number
  /** Stop the next call of `operation`. */
  hold(operation: StoreOperation, rule?: GateRule): void
  /** The next call that a `hold` has stopped there, in order of arrival; waits until there is one. */
  reached(operation: StoreOperation, side?: GateSide): Promise<Stop>
  /** Make the next call of `operation` reject with `error`: on the side `'after'`, although the store did it. */
  fail(operation: StoreOperation, error: unknown, rule?: GateRule): void
  /** Make the next call of `operation` never answer: on the side `'after'`, although the store did it. */
  hang(operation: StoreOperation, rule?: GateRule): void
  /** Forget every rule, and release every call that is still held. */
  open(): void
}

interface ActiveRule {
  readonly operation: StoreOperation
  readonly side: GateSide
  readonly only: (call: StoreCall) => boolean
  readonly apply: (call: StoreCall) => Promise<void>
  left: number
}

/** Wrap `store` with gates. Rules apply in the order in which they were set, one to a call and side. */
export function gatedStore(store: Store): Gates {
  const calls: StoreCall[] = []
  const held = new Set<Stop>()
  const unclaimed: Stop[] = []
  const waiting: {
    readonly operation: StoreOperation
    readonly side: GateSide
    readonly take: (stop: Stop) => void
  }[] = []
  let rules: ActiveRule[] = []

  function add(
    operation: StoreOperation,
    rule: GateRule,
    apply: (call: StoreCall, side: GateSide) => Promise<void>,
  ): void {
    const { side = 'before', times = 1, only = () => true } = rule
    rules.push({ operation, side, only, left: times, apply: (call) => apply(call, side) })
  }

  function stop(call: StoreCall, side: GateSide): Promise<void> {
    return new Promise((resolve, reject) => {
      const made: Stop = {
        call,
        side,
        release() {
          held.delete(made)
          resolve()
        },
        fail(error) {
          held.delete(made)
          reject(error)
        },
      }
      held.add(made)
      const at = waiting.findIndex((waiter) => waiter.operation === call.operation && waiter.side === side)
      const [waiter] = at < 0 ? [] : waiting.splice(at, 1)
      if (waiter === undefined) unclaimed.push(made)
      else waiter.take(made)
    })
  }

  async function gate(call: StoreCall, side: GateSide): Promise<void> {
    const rule = rules.find((each) => each.operation === call.operation && each.side === side && each.only(call))
    if (rule === undefined) return
    if (--rule.left <= 0) rules = rules.filter((each) => each !== rule)
    await rule.apply(call)
  }

  function arrive(operation: StoreOperation, args: readonly unknown[]): StoreCall {
    const [first] = args
    const call = { operation, args, id: typeof first === 'string' ? first : undefined }
    calls.push(call)
    return call
  }

  async function pass<Result>(
    operation: StoreOperation,
    args: readonly unknown[],
    run: () => Promise<Result>,
  ): Promise<Result> {
    const call = arrive(operation, args)
    await gate(call, 'before')
    try {
      return await run()
    } finally {
      await gate(call, 'after')
    }
  }

  return {
    store: {
      read: (...args) => pass('read', args, () => store.read(...args)),
      create: (...args) => pass('create', args, () => store.create(...args)),
      update: (...args) => pass('update', args, () => store.update(...args)),
      touch: (...args) => pass('touch', args, () => store.touch(...args)),
      delete: (...args) => pass('delete', args, () => store.delete(...args)),
      ...gatedOptionals(store, arrive, gate, pass),
    },
    calls,
    count: (operation) => calls.filter((call) => operation === undefined || call.operation === operation).length,
    hold: (operation, rule = {}) => add(operation, rule, stop),
    reached(operation, side = 'before') {
      const at = unclaimed.findIndex((each) => each.call.operation === operation && each.side === side)
      const [found] = at < 0 ? [] : unclaimed.splice(at, 1)
      if (found !== undefined) return Promise.resolve(found)
      return new Promise((take) => waiting.push({ operation, side, take }))
    },
    fail: (operation, error, rule = {}) => add(operation, rule, () => Promise.reject(error)),
    hang: (operation, rule = {}) => add(operation, rule, () => new Promise(() => {})),
    open() {
      rules = []
      for (const each of held) each.release()
      unclaimed.length = 0
    },
  }
}

/** The methods that a store may lack: what the store cannot do, the gated one cannot either. */
function gatedOptionals(
  store: Store,
  arrive: (operation: StoreOperation, args: readonly unknown[]) => StoreCall,
  gate: (call: StoreCall, side: GateSide) => Promise<void>,
  pass: <Result>(operation: StoreOperation, args: readonly unknown[], run: () => Promise<Result>) => Promise<Result>,
): Pick<Store, 'list' | 'sweep' | 'close'> {
  const list = store.list?.bind(store)
  const sweep = store.sweep?.bind(store)
  const close = store.close?.bind(store)
  return {
    ...(list !== undefined && {
      list(filter) {
        const call = arrive('list', [filter])
        return (async function* gatedList() {
          await gate(call, 'before')
          yield* list(filter)
          await gate(call, 'after')
        })()
      },
    }),
    ...(sweep !== undefined && { sweep: (...args) => pass('sweep', args, () => sweep(...args)) }),
    ...(close !== undefined && { close: () => pass('close', [], () => close()) }),
  }
}
