import { decodeData, encodeData } from '../record/codec.ts'
import { compareAndSet } from './compare-and-set.ts'
import { SessionError } from '../errors.ts'
import type { SettledClash } from '../record/merge.ts'
import { draft, mergeWanted, settleOutcome } from './record-writer.ts'
import type { WriteContext } from './record-writer.ts'
import { plan } from '../request/state.ts'
import type { SessionState, StoredState } from '../request/state.ts'
import { wanted } from '../request/wanted.ts'
import type { Wanted } from '../request/wanted.ts'

/** A synchronous change of the data; what it returns is ignored, unless it is a promise, which is refused. */
export type Change = (data: Record<string, unknown>) => unknown

/**
 * Read, change, write, as one step. The writers of this process take turns; one that had to wait knows its copy is
 * old and reads first, one that did not tries the copy it has, which saves the read in the usual case.
 */
export async function updateRecord(
  context: WriteContext,
  state: SessionState,
  from: StoredState,
  change: Change,
): Promise<void> {
  const { store, policy } = context
  const sent = wanted(state, false)
  const clashes: SettledClash[] = []
  const outcome = await context.queue.run(from.ticket.id, (waited) =>
    compareAndSet(
      store,
      policy,
      from,
      (current) => {
        const merged = mergeWanted(context, sent, from, current)
        clashes.splice(0, clashes.length, ...merged.clashes)
        const want: Wanted = { ...merged.want, lines: applied(change, merged.want.lines) }
        const { expiresAt } = plan(state, policy, current.expiresAt, want.permanent)
        return draft(context, state, want, current.head, expiresAt)
      },
      { stale: waited },
    ),
  )
  settleOutcome(context, state, outcome, sent.lines, clashes)
}

/** The lines after the change was made to a copy of what they hold. */
export function applied(change: Change, lines: Wanted['lines']): Map<string, string> {
  const copy = decodeData(lines)
  refusePromise(change(copy))
  return encodeData(copy)
}

function refusePromise(result: unknown): void {
  if (typeof result !== 'object' || result === null || !('then' in result)) return
  // The promise is nobody's now: without this its rejection would take the process down.
  void Promise.resolve(result).catch(() => undefined)
  throw new SessionError('async_updater', 'await what you need first, then call update() with a plain function')
}
