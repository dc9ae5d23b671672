// A module can be augmented only where it is imported, and nothing else of it is needed.
// oxlint-disable-next-line import/no-empty-named-blocks, unicorn/require-module-specifiers
import type {} from 'fastify'
import type { FastifySession } from './fastify.ts'

/**
 * Types `request.session` for the whole program: `import 'coatcheck/fastify/augment'` once, and say what you keep:
 *
 * ```ts
 * declare module 'coatcheck/fastify/augment' {
 *   interface SessionData { cart: string[] }
 * }
 * ```
 *
 * `sessions.of(request).data` needs neither and can differ between two instances.
 */
export interface SessionData {}

declare module 'fastify' {
  interface FastifyRequest {
    get session(): FastifySession & Partial<SessionData>
    // Empty only here: applications fill it in.
    // oxlint-disable-next-line typescript/no-generated-empty-object-type
    set session(value: Partial<SessionData> | null | undefined)
  }
}
