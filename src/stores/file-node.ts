import { SessionError } from '../errors.ts'

/** The parts of Node that the file store stands on. */
export interface NodeModules {
  readonly fs: typeof import('node:fs')
  readonly path: typeof import('node:path')
  readonly os: typeof import('node:os')
  readonly crypto: typeof import('node:crypto')
  readonly zlib: typeof import('node:zlib')
}

let loaded: NodeModules | undefined

/**
 * Node's own modules, asked for when the first file store is made. A static import would stop every bundle for a
 * worker that merely mentions this file.
 * @throws {@link SessionError} `store_unusable` where the runtime has no file system.
 */
export function node(): NodeModules {
  loaded ??= load()
  return loaded
}

/** The code of a failed system call (`'ENOENT'`), or `undefined` when it is another kind of error. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** Run `call`; when it fails with one of `codes`, resolve to `undefined` instead. */
export function unless<T>(codes: readonly string[], call: () => T): T | undefined {
  try {
    return call()
  } catch (error) {
    if (codes.includes(errnoOf(error) ?? '')) return undefined
    throw error
  }
}

function load(): NodeModules {
  if (typeof process === 'undefined' || typeof process.getBuiltinModule !== 'function')
    throw new SessionError(
      'store_unusable',
      'fileStore() needs the file system of Node 22.18 or later, Bun or Deno: choose another store on this runtime',
    )
  return {
    fs: process.getBuiltinModule('node:fs'),
    path: process.getBuiltinModule('node:path'),
    os: process.getBuiltinModule('node:os'),
    crypto: process.getBuiltinModule('node:crypto'),
    zlib: process.getBuiltinModule('node:zlib'),
  }
}
