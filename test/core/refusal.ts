import { SessionError } from '../../src/errors.ts'
import type { SessionErrorCode } from '../../src/errors.ts'

/** For `assert.throws` and `assert.rejects`: a SessionError of this code whose message has all of `parts`. */
export function refusal(code: SessionErrorCode, ...parts: readonly (string | RegExp)[]): (error: unknown) => boolean {
  return (error) =>
    error instanceof SessionError &&
    error.code === code &&
    parts.every((part) => (typeof part === 'string' ? error.message.includes(part) : part.test(error.message)))
}
