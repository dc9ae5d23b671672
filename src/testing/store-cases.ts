import { basicCases } from './store-cases-basic.ts'
import { deadlineCases } from './store-cases-deadlines.ts'
import { listCases } from './store-cases-list.ts'
import { raceCases } from './store-cases-races.ts'
import { secondCases } from './store-cases-second.ts'
import { sweepCases } from './store-cases-sweep.ts'
import { valueCases } from './store-cases-values.ts'
import type { StoreCase } from './store-case.ts'

/** Every case a store must pass, as data: no two have the same name. */
export const storeCases: readonly StoreCase[] = [
  ...basicCases,
  ...deadlineCases,
  ...valueCases,
  ...raceCases,
  ...listCases,
  ...sweepCases,
  ...secondCases,
]
