import { excuseOf, runStoreCase, type StoreCase } from './store-case.ts'
import { storeCases } from './store-cases.ts'
import type { StoreAbility, StoreSetup } from './store-context.ts'

/** A {@link StoreSetup} and the test function of your runner. */
export interface StoreCasesOptions extends StoreSetup {
  /** `test` of node:test, `it` of Vitest, Jest, Mocha or Bun …: registers a test by name. */
  readonly test: (name: string, run: () => Promise<void>) => unknown
  /** Which of them, where a second client of a store needs fewer. Default: all. */
  readonly cases?: readonly StoreCase[]
  /** Put before every name, when one file checks several stores. Default: nothing. */
  readonly label?: string
}

/** A case that did not apply, by name. */
export interface ExcusedCase {
  readonly name: string
  readonly cannot: StoreAbility
}

/**
 * Register every store case, or those of `cases`, as a test. Returns the cases that do not apply because of `cannot`: each of them is a
 * test too, marked in its name, which fails once the store can after all.
 */
export function runStoreCases(options: StoreCasesOptions): readonly ExcusedCase[] {
  const excused: ExcusedCase[] = []
  for (const storeCase of options.cases ?? storeCases) {
    const cannot = excuseOf(storeCase, options)
    if (cannot !== undefined) excused.push({ name: storeCase.name, cannot })
    const promise = storeCase.promise === undefined ? '' : `${storeCase.promise} `
    const excuse = cannot === undefined ? '' : ` [does not apply: cannot ${cannot}]`
    options.test(`${options.label ?? ''}${promise}${storeCase.name}${excuse}`, () => runStoreCase(storeCase, options))
  }
  return excused
}
