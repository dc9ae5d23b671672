import type { ListedRecord, StoredRecord } from '../store.ts'
import type { RedisConnection } from './redis-client.ts'
import type { OwnerIndex } from './redis-index.ts'

/** Keys that a server looks at for one answer, so that a listing holds nobody up. */
const SCAN_COUNT = '500'

/** Records under way at once: some may have a megabyte. */
const READ_AHEAD = 32

/** Resolves to a record whether it is dead or not; null when there is none. */
export type LoadRecord = (id: string) => Promise<StoredRecord | null>

/** Every record once, master by master. Where records move to another node meanwhile, some may be missed. */
export async function* listAll(
  connection: RedisConnection,
  prefix: string,
  load: LoadRecord,
): AsyncGenerator<ListedRecord> {
  // The client puts its own prefix before the keys of commands, but not before a pattern, nor does it cut it off.
  const start = connection.keyPrefix + prefix
  const pattern = start.replace(/[\\*?[\]]/g, '\\$&') + '?'.repeat(64)
  // SCAN may give a key twice, and with it a node that is not done handing its slots over.
  const seen = new Set<string>()
  for (const call of await connection.masters()) {
    let cursor = '0'
    do {
      const reply = await call(['SCAN', cursor, 'MATCH', pattern, 'COUNT', SCAN_COUNT])
      const [next, keys]: unknown[] = Array.isArray(reply) ? reply : []
      cursor = typeof next === 'string' ? next : '0'
      const ids = (Array.isArray(keys) ? keys : []).map((key) => String(key).slice(start.length))
      const fresh = ids.filter((id) => /^[0-9a-f]{64}$/.test(id) && !seen.has(id) && seen.add(id))
      for await (const [id, record] of loaded(fresh, (each) => each, load)) if (record) yield listed(id, record)
    } while (cursor !== '0')
  }
}

/** The records that one owner has. Entries of the index that prove to be of no record of this owner are dropped. */
export async function* listOwned(index: OwnerIndex, owner: string, load: LoadRecord): AsyncGenerator<ListedRecord> {
  const seen = new Set<string>()
  for await (const entries of index.pages(owner))
    for await (const [{ id, drop }, record] of loaded(entries, (entry) => entry.id, load)) {
      if (record?.owner !== owner) drop()
      else if (!seen.has(id)) yield listed(id, record)
      seen.add(id)
    }
}

/** Items with their records, in order, some read ahead in one round trip. */
async function* loaded<Item>(
  items: readonly Item[],
  idOf: (item: Item) => string,
  load: LoadRecord,
): AsyncGenerator<[Item, StoredRecord | null]> {
  for (let from = 0; from < items.length; from += READ_AHEAD)
    yield* await Promise.all(
      items
        .slice(from, from + READ_AHEAD)
        .map(async (item): Promise<[Item, StoredRecord | null]> => [item, await load(idOf(item))]),
    )
}

function listed(id: string, record: StoredRecord): ListedRecord {
  const text = record.payload + (record.owner ?? '') + id
  return { ...record, id, size: new TextEncoder().encode(text).length }
}
