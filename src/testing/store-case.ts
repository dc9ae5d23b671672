import { check, same } from './check.ts'
import { type StoreAbility, type StoreContext, type StoreSetup, withStoreContext } from './store-context.ts'

/** One thing a store must do. */
export interface StoreCase {
  /** A sentence that is true of a correct store. Unique. */
  readonly name: string
  /** The promise of the README that this case is part of: `'P2'`, `'P3'` … */
  readonly promise?: string
  /** What the store must be able to do for the case to make sense. */
  readonly needs?: readonly StoreAbility[]
  /** Rejects with an Error that says what was expected and what came. */
  readonly run: (context: StoreContext) => Promise<void>
}

/** The first ability that the case needs and the setup says is missing, or `undefined` when the case applies. */
export function excuseOf(storeCase: StoreCase, setup: StoreSetup): StoreAbility | undefined {
  return storeCase.needs?.find((ability) => setup.cannot?.includes(ability))
}

/**
 * Run one case against a store of its own. Rejects when the store fails it.
 *
 * An excused case (see {@link excuseOf}) checks instead that the store really lacks the ability, so that an excuse
 * which is no longer true fails.
 */
export function runStoreCase(storeCase: StoreCase, setup: StoreSetup): Promise<void> {
  const excuse = excuseOf(storeCase, setup)
  if (excuse !== undefined) return checkLacks(excuse, setup)
  return withStoreContext(setup, async (context) => {
    for (const ability of storeCase.needs ?? [])
      if (ability !== 'second')
        check(
          typeof context.store[ability] === 'function',
          `the store has no ${ability}(): add it, or say cannot: ['${ability}']`,
        )
    await storeCase.run(context)
  })
}

async function checkLacks(ability: StoreAbility, setup: StoreSetup): Promise<void> {
  await withStoreContext(
    {
      ...setup,
      open: async (clock) => {
        const opened = await setup.open(clock)
        if (ability === 'second') same(opened.second, undefined, "second, with cannot: ['second']")
        return opened
      },
    },
    async ({ store }) => {
      if (ability !== 'second') same(store[ability], undefined, `store.${ability}, with cannot: ['${ability}']`)
    },
  )
}
