export { createSessions } from './sessions.ts'
export type { CommitRequest, OpenRequest, Sessions } from './sessions.ts'
export { Session } from './session.ts'
export type { Conflict, SessionsOptions } from './options/options.ts'
export type { CookieOptions, ReplacedCookie } from './cookie/cookie-rules.ts'
export type { Administration, ListFilter } from './operating/administration.ts'
export type { Health } from './operating/health.ts'
export type { SessionInfo } from './operating/session-info.ts'
export { duration } from './options/duration.ts'
export type { Duration } from './options/duration.ts'
export { nistSp80063b } from './options/presets.ts'
export type { AssuranceLevels, Deadlines } from './options/presets.ts'
export { isFresh, login, logout } from './owners/login.ts'
export type { LoginOptions } from './owners/login.ts'
export type { OwnerLimit } from './owners/owner-limit.ts'
export type { OwnerNote } from './owners/owner.ts'
export { flash, takeFlashes } from './flash.ts'
export type { Flash } from './flash.ts'
export { errorCodes, SessionError } from './errors.ts'
export type { SessionErrorCode } from './errors.ts'
export type {
  DestroyReason,
  EndReason,
  EventOccasion,
  Listener,
  RejectReason,
  SessionEvent,
  SessionEvents,
} from './events/events.ts'
export type { Winner } from './record/merge.ts'
export type { Reply } from './request/reply.ts'
export type { MigrateData, SchemaIssue, SchemaOptions, SchemaResult, StandardSchema } from './request/schema.ts'
export type { SiteData } from './cookie/clear-site-data.ts'
export type { Clock } from './runtime/clock.ts'
export type { RandomBytes } from './cookie/token.ts'
export type {
  EvictingStore,
  ListedRecord,
  RecordInput,
  Store,
  StoredRecord,
  SweepLimit,
  SweepResult,
  Version,
  Written,
} from './store.ts'
