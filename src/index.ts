export { createSessions } from './sessions.ts'
export type { CommitRequest, OpenRequest, Sessions } from './sessions.ts'
export { Session } from './session.ts'
export type { Conflict, SessionsOptions } from './options.ts'
export type { CookieOptions, ReplacedCookie } from './cookie-rules.ts'
export type { Administration, ListFilter } from './administration.ts'
export type { Health } from './health.ts'
export type { SessionInfo } from './session-info.ts'
export { duration } from './duration.ts'
export type { Duration } from './duration.ts'
export { nistSp80063b } from './presets.ts'
export type { AssuranceLevels, Deadlines } from './presets.ts'
export { isFresh, login, logout } from './login.ts'
export type { LoginOptions } from './login.ts'
export type { OwnerLimit } from './owner-limit.ts'
export type { OwnerNote } from './owner.ts'
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
} from './events.ts'
export type { Winner } from './merge.ts'
export type { Reply } from './reply.ts'
export type { MigrateData, SchemaIssue, SchemaOptions, SchemaResult, StandardSchema } from './schema.ts'
export type { SiteData } from './clear-site-data.ts'
export type { Clock } from './clock.ts'
export type { RandomBytes } from './token.ts'
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
