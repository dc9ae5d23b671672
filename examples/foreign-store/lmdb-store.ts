/**
 * Sessions in LMDB, an embedded key-value store that several processes may share. A store of your own looks like this:
 * nothing but `coatcheck` and the client is imported. LMDB runs one write transaction at a time over all processes,
 * which makes "compare, then set" three plain lines inside one.
 */
import type { RecordInput, Store } from 'coatcheck'
import { open } from 'lmdb'

type Entry = RecordInput & { readonly version: number }

/** Keep sessions in the file `path`, made when it is missing. */
export function lmdbStore(path: string): Store {
  const root = open({ path })
  const records = root.openDB<Entry, string>({ name: 'records' })
  // Ordered by deadline, so that a sweep meets the dead alone: one over all records would never end on a big file.
  const deadlines = root.openDB<true, [expiresAt: number, id: string]>({ name: 'deadlines' })
  // One counter for all: a version must not come back when an ID is created again.
  const versions = root.openDB<number, string>({ name: 'versions' })

  function live(id: string, now: number): Entry | undefined {
    const found = records.get(id)
    return found && found.expiresAt > now ? found : undefined
  }

  // remove and put run inside a transaction.
  function remove(id: string): boolean {
    const found = records.get(id)
    if (found) deadlines.removeSync([found.expiresAt, id])
    return records.removeSync(id)
  }
  function put(id: string, record: RecordInput, version = (versions.get('last') ?? 0) + 1): { version: number } {
    remove(id)
    records.putSync(id, { ...record, version })
    deadlines.putSync([record.expiresAt, id], true)
    versions.putSync('last', Math.max(version, versions.get('last') ?? 0))
    return { version }
  }

  return {
    async read(id, now) {
      records.resetReadTxn() // another process may have written since this one last looked
      return live(id, now) ?? null
    },
    create: (id, record, now) => root.transaction(() => (live(id, now) ? null : put(id, record))),
    update: (id, expected, record, now) =>
      root.transaction(() => {
        const found = live(id, now)
        if (!found) return 'gone'
        return found.version === expected ? put(id, record) : 'conflict'
      }),
    touch: (id, expiresAt, now) =>
      root.transaction(() => {
        const found = live(id, now)
        if (found && found.expiresAt < expiresAt) put(id, { ...found, expiresAt }, found.version)
        return found !== undefined
      }),
    delete: (id) => root.transaction(() => remove(id)),
    async *list(filter) {
      // In pages: one cursor over everything would let the file grow for as long as the caller takes.
      for (let last = '', more = true; more;) {
        records.resetReadTxn()
        const page = [...records.getRange({ start: last, exclusiveStart: true, limit: 100 })]
        for (const { key: id, value } of page) {
          last = id
          if (filter?.owner === undefined || filter.owner === value.owner)
            yield { ...value, id, size: value.payload.length }
        }
        more = page.length > 0
      }
    },
    sweep: (now, limit) =>
      root.transaction(() => {
        const end = performance.now() + limit.ms
        const keys = [...deadlines.getKeys({ limit: limit.records })]
        let removed = 0
        for (const [expiresAt, id] of keys) {
          if (expiresAt > now) return { removed, more: false }
          remove(id)
          removed += 1
          if (performance.now() > end) break
        }
        return { removed, more: removed < keys.length || removed === limit.records }
      }),
    close: () => root.close(),
  }
}
