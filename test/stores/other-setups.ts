import { sessionCases } from '../../src/testing/session-cases.ts'
import type { StoreCase } from '../../src/testing/store-case.ts'
import { storeCases } from '../../src/testing/store-cases.ts'

/** Set for every case in every setup, which takes two to three times as long: `npm run stores` does, and you can. */
export const everyCase: boolean = Boolean(process.env['COATCHECK_EVERY_CASE'])

/**
 * What is checked where a store that has passed all cases is reached in another way: through a second client, a pooler,
 * a socket. The contract, which is what a client can break; sessions on top of it are the same code over the same
 * contract.
 */
export const casesOfOtherSetups: readonly StoreCase[] = everyCase
  ? storeCases
  : storeCases.filter((storeCase) => !sessionCases.includes(storeCase))
