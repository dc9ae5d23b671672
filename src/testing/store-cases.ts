import { basicCases } from './store-cases-basic.ts'
import { deadlineCases } from './store-cases-deadlines.ts'
import { listCases } from './store-cases-list.ts'
import { raceCases } from './store-cases-races.ts'
import { secondCases } from './store-cases-second.ts'
import { sessionCases } from './session-cases.ts'
import { sweepCases } from './store-cases-sweep.ts'
import { valueCases } from './store-cases-values.ts'
import type { StoreCase } from './store-case.ts'

/** Every case a store must pass, as data: the contract, sentence by sentence, and the promises kept over it. No two have the same name. */
export const storeCases: readonly StoreCase[] = [
  ...basicCases,
  ...deadlineCases,
  ...valueCases,
  ...raceCases,
  ...listCases,
  ...sweepCases,
  ...secondCases,
  ...sessionCases,
]
