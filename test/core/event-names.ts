import type { SessionEvents } from '../../src/index.ts'

/** Every event there is; the type check fails when one is missing. */
const EVENTS: Readonly<Record<keyof SessionEvents, true>> = {
  created: true,
  loaded: true,
  regenerated: true,
  renewed: true,
  destroyed: true,
  expired: true,
  revoked: true,
  conflict: true,
  gone: true,
  rejected: true,
  invalid: true,
  late: true,
  withheld: true,
  evicted: true,
  swept: true,
  storeError: true,
  unavailable: true,
  refused: true,
}

export const eventNames: readonly (keyof SessionEvents)[] = Object.keys(EVENTS) as (keyof SessionEvents)[]
