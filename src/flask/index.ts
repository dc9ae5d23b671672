export { fromFlaskConfig } from './config.ts'
export type { FlaskSessions } from './config.ts'
export type { FlaskNote } from './settings.ts'
