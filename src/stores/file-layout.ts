import { SessionError } from '../errors.ts'
import { node } from './file-node.ts'

/*
 * Where everything is:
 *
 *   <root>/3f/3f9a…            a record: two hex digits of the ID make the folder, all 64 the name
 *   <root>/3f/3f9a….lock       its lock, while somebody writes
 *   <root>/3f/<owner>.7.tmp    a record being written, by that owner
 *   <root>/.owners/<owner>     one small file per open store
 *   <root>/.breaker/           the token for removing locks of the dead
 *
 * 256 folders keep each short enough to list at once; a request opens its file by name and lists none.
 */

/** The paths of one record. */
export interface Place {
  readonly shard: string
  readonly file: string
  readonly lock: string
}

const ID = /^[0-9a-f]{64}$/

/**
 * Where the record `id` is.
 * @throws {@link SessionError} `bad_option` for anything but 64 lower-case hex digits: no other text becomes a path.
 */
export function placeOf(root: string, id: string): Place {
  if (typeof id !== 'string' || !ID.test(id))
    throw new SessionError(
      'bad_option',
      'a record ID is 64 lower-case hex digits (the SHA-256 of the token); the file store was called with another',
    )
  return placeIn(shardPath(root, id.slice(0, 2)), id)
}

/** The same for a name found in the folder of a shard. */
export function placeIn(shard: string, id: string): Place {
  const file = shard + node().path.sep + id
  return { shard, file, lock: `${file}.lock` }
}

/** The folder of the records that begin with these two digits. */
export function shardPath(root: string, digits: string): string {
  return root + node().path.sep + digits
}

/** The name of a record being written. */
export function temporaryPath(shard: string, ownerName: string, count: number): string {
  return `${shard}${node().path.sep}${ownerName}.${count}.tmp`
}

/** What a name in a shard's folder stands for; `null` when it is not one of ours. */
export type Entry =
  | { readonly kind: 'record' | 'lock'; readonly id: string }
  | { readonly kind: 'temporary'; readonly owner: string }

/** Read a name found in the folder `digits`. */
export function entryOf(digits: string, name: string): Entry | null {
  const owner = /^(.+)\.\d+\.tmp$/.exec(name)?.[1]
  if (owner !== undefined) return { kind: 'temporary', owner }
  const id = name.endsWith('.lock') ? name.slice(0, -5) : name
  if (!ID.test(id) || !id.startsWith(digits)) return null
  return { kind: id === name ? 'record' : 'lock', id }
}

/** The shards that exist, in no particular order. */
export async function listShards(root: string): Promise<string[]> {
  const names = await listFolder(root)
  return names.filter((name) => /^[0-9a-f]{2}$/.test(name))
}

/** The names in a folder; none when it is gone. */
export async function listFolder(path: string): Promise<string[]> {
  try {
    return await node().fs.promises.readdir(path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}
