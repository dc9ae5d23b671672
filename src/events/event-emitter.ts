import { systemClock } from '../runtime/clock.ts'
import type { Clock } from '../runtime/clock.ts'
import type { About, Emit, Listener, SessionEvents } from './events.ts'
import { logRefs } from './log-ref.ts'
import { diagnosticsChannel, warn } from '../runtime/platform.ts'
import type { DiagnosticsChannel } from '../runtime/platform.ts'

/** What an emitter adds to the facts. */
export interface EventContext {
  readonly clock?: Clock
  /** The ref of an ID; default: by a key of this process. */
  readonly refOf?: (id: string) => string | Promise<string>
  readonly requestInfo?: ((request: object) => unknown) | undefined
}

type Name = keyof SessionEvents
type AnyListener = (event: never) => unknown
type AnyFacts = Readonly<Record<string, unknown>> & { readonly id?: string; readonly from?: string }

/** A typed emitter; the platform's own differ too much between runtimes. With nobody listening, an event costs a look. */
export function createEvents(context: EventContext = {}): {
  readonly emit: Emit
  readonly on: <Key extends Name>(name: Key, listener: Listener<Key>) => () => void
} {
  const { clock = systemClock, refOf = logRefs(), requestInfo } = context
  const listeners = new Map<Name, Set<AnyListener>>()
  const channels = new Map<Name, DiagnosticsChannel | undefined>()
  /** Events that wait for a hash, and those behind them. */
  let waiting: Promise<void> | undefined

  function channelOf(name: Name): DiagnosticsChannel | undefined {
    if (!channels.has(name)) channels.set(name, diagnosticsChannel(`coatcheck:${name}`))
    return channels.get(name)
  }

  function heard(name: Name): boolean {
    return (listeners.get(name)?.size ?? 0) > 0 || channelOf(name)?.hasSubscribers === true
  }

  function report(name: Name, facts: AnyFacts, about?: About): void {
    if (!heard(name)) return
    const said = { at: clock.now(), info: infoOf(name, about) }
    // A session that has no ID yet, '', has no hash either.
    const ref = facts.id ? refOf(facts.id) : facts.id
    const fromRef = facts.from ? refOf(facts.from) : facts.from
    if (waiting === undefined && typeof ref !== 'object' && typeof fromRef !== 'object') {
      return deliver(name, eventOf({ ...said, ref, fromRef }, facts))
    }
    // Without synchronous hashing (WebCrypto alone) listeners are told a moment later, in the order of events.
    const turn = inTurn(async () => {
      deliver(name, eventOf({ ...said, ref: await ref, fromRef: await fromRef }, facts))
      if (waiting === turn) waiting = undefined
    })
    waiting = turn
  }

  async function inTurn(task: () => Promise<void>): Promise<void> {
    await waiting
    await task()
  }

  function infoOf(name: Name, about: About | undefined): unknown {
    if (requestInfo === undefined || typeof about?.request !== 'object' || about.request === null) return undefined
    try {
      return requestInfo(about.request)
    } catch (error) {
      warnOfListener(name, error)
      return undefined
    }
  }

  function deliver(name: Name, event: object): void {
    for (const listener of listeners.get(name) ?? []) {
      try {
        // `on` files a listener under its own name only, which TypeScript cannot see through the map.
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion
        const result = listener(event as never)
        // An async function passes for a listener, and its rejection would take the process down.
        if (result instanceof Promise) result.catch((error: unknown) => warnOfListener(name, error))
      } catch (error) {
        warnOfListener(name, error)
      }
    }
    const channel = channelOf(name)
    if (channel?.hasSubscribers) channel.publish(event)
  }

  return {
    emit: Object.assign(report, { heard }),
    on: (name, listener) => {
      const set = listeners.get(name) ?? new Set()
      listeners.set(name, set.add(listener))
      return () => set.delete(listener)
    },
  }
}

/** Store keys are there for whoever asks by name, and in no log line: loggers, JSON and spreads see enumerables only. */
function eventOf(said: Readonly<Record<string, unknown>>, facts: AnyFacts): object {
  const { id, from, ...shown } = facts
  const event = Object.fromEntries(Object.entries({ ...said, ...shown }).filter(([, value]) => value !== undefined))
  if (id !== undefined) Object.defineProperty(event, 'id', { value: id })
  if (from !== undefined) Object.defineProperty(event, 'from', { value: from })
  return event
}

/** A broken log line must not cost a visitor the request; it must not vanish either. */
function warnOfListener(name: string, error: unknown): void {
  warn('COATCHECK_LISTENER', `a listener for the session event "${name}" threw: ${String(error)}`)
}
