import { SessionError } from '../errors.ts'
import type { Store } from '../store.ts'

/**
 * Sessions switched off: every visitor has an empty session, and saving one rejects with `switched_off`, so that a
 * process which must not keep anything (a preview, a build, a test) says where it tried to.
 */
export function nullStore(): Store {
  return {
    name: 'nothing: sessions are switched off',
    read: async () => null,
    async create() {
      throw new SessionError(
        'switched_off',
        "this process has the null store. To switch sessions on, set SESSION_STORE, or pass store: fileStore('.sessions')",
      )
    },
    update: async () => 'gone',
    touch: async () => false,
    delete: async () => false,
    async *list() {},
  }
}
