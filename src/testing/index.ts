/**
 * `coatcheck/testing`: what every store of this library is tested with, for authors of other stores and of
 * applications. It depends on no test runner. See `docs/testing-a-store.md` and `docs/testing.md`.
 */
export {
  type AdapterCase,
  adapterCases,
  type AdapterCasesOptions,
  runAdapterCase,
  runAdapterCases,
} from './adapter-cases.ts'
export {
  type AdapterContext,
  type AdapterHandler,
  type AdapterMount,
  type AdapterPage,
  type AdapterReply,
  type AdapterServer,
  type AdapterSetup,
  type Browser,
  type Page,
  type ServerOptions,
  type Visitors,
  withAdapterContext,
} from './adapter-context.ts'
export { type TestClock, testClock } from './clock.ts'
export {
  type GateRule,
  type GateSide,
  type Gates,
  gatedStore,
  type Stop,
  type StoreCall,
  type StoreOperation,
} from './gates.ts'
export { type ExcusedCase, runStoreCases, type StoreCasesOptions } from './run-store-cases.ts'
export { excuseOf, runStoreCase, type StoreCase } from './store-case.ts'
export { sessionCases } from './session-cases.ts'
export { sessionCookie, type SessionCookieOptions } from './session-cookie.ts'
export { storeCases } from './store-cases.ts'
export {
  type OpenedStore,
  type PutRecord,
  type RecordFields,
  type StoreAbility,
  type StoreContext,
  type StoreSetup,
  withStoreContext,
} from './store-context.ts'
