import type { Store } from '../store.ts'
import { isWritten, same } from './check.ts'
import type { StoreCase } from './store-case.ts'
import type { StoreContext } from './store-context.ts'

/** Calls at once, over any number of handles. */
export interface Race {
  readonly promise: string
  /** `next()` is the handle for the next call. */
  readonly run: (context: StoreContext, next: () => Store) => Promise<void>
}

/** The cases that run `bodies` over the handles that `open` gives; calls take turns on them. */
export function races(
  bodies: Readonly<Record<string, Race>>,
  open: (context: StoreContext) => Promise<readonly Store[]>,
  { through = '', ...needs }: Pick<StoreCase, 'needs'> & { readonly through?: string } = {},
): readonly StoreCase[] {
  return Object.entries(bodies).map(([name, { promise, run }]) => ({
    name: name + through,
    promise,
    ...needs,
    run: async (context) => {
      const handles = await open(context)
      let calls = 0
      await run(context, () => handles[calls++ % handles.length] ?? context.store)
    },
  }))
}

/** An array of what `make` gives for 0, 1, 2 … */
export function times<Result>(count: number, make: (n: number) => Result): Result[] {
  return Array.from({ length: count }, (_, n) => make(n))
}

/** Ten rounds, one after the other. */
export async function eachRound(run: (round: number) => Promise<void>): Promise<void> {
  for (let round = 0; round < 10; round++) await run(round)
}

/** Start both at once, the first first in even rounds; the results in the order of the arguments. */
export async function inEitherOrder<A, B>(round: number, a: () => Promise<A>, b: () => Promise<B>): Promise<[A, B]> {
  if (round % 2 === 0) return Promise.all([a(), b()])
  const [second, first] = await Promise.all([b(), a()])
  return [first, second]
}

/** The index of the one that was written. */
export function onlyWinner(results: readonly Parameters<typeof isWritten>[0][], what: string): number {
  same(results.filter(isWritten).length, 1, `the number of ${what} that succeeded`)
  return results.findIndex(isWritten)
}

/** Let the event loop turn, so that a store that answers within one does not starve the other side of a race. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0))
}
