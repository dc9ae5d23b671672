/** The stores that need no server, each beside a way to write past it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { crc32 } from 'node:zlib'
import { createBoundSeal } from '../../../src/sealing/seal-bound.ts'
import { secretsOf } from '../../../src/sealing/seal-keys.ts'
import { encryptedStore } from '../../../src/stores/encrypted.ts'
import { encodeRecord } from '../../../src/stores/file-format.ts'
import { memoryStore } from '../../../src/stores/memory.ts'
import { openStore } from '../../../src/stores/open.ts'
import { accepts, COLUMNS, columns, NOW, parts, rowSeeds, SOON, VERSION } from './raw-place.ts'
import type { RawPlace, ServerKind } from './raw-place.ts'

/** The stores by name. */
export type PlaceKind = 'memory' | 'encrypted' | 'file' | 'sqlite' | ServerKind

/** Open one, on a server of its own where it needs one. */
export async function openRawPlace(kind: PlaceKind): Promise<RawPlace> {
  switch (kind) {
    case 'memory':
      return memory()
    case 'encrypted':
      return encrypted()
    case 'file':
      return file()
    case 'sqlite':
      return sqlite()
    default:
      return (await import('./raw-servers.ts')).openRawServer(kind)
  }
}

/** [payload, owner, deadline] */
async function memory(): Promise<RawPlace> {
  const store = memoryStore()
  return {
    store,
    covers: ['src/stores/memory.ts'],
    form: 'json',
    words: ['ada'],
    seeds: (payload) => [JSON.stringify([payload, 'ada', SOON]), JSON.stringify([payload])],
    async put(id, input) {
      const [payload, owner, expiresAt] = parts(input)
      if (typeof payload !== 'string' || !payload.isWellFormed() || payload.includes('\0')) return false
      const deadline = typeof expiresAt === 'number' && expiresAt > NOW ? expiresAt : SOON
      return (
        (await store.create(
          id,
          { payload, expiresAt: deadline, ...(typeof owner === 'string' ? { owner } : {}) },
          NOW,
        )) !== null
      )
    },
    clear: (id) => store.delete(id),
    stop: () => undefined,
  }
}

/** The text of a sealed record; behind a tilde, what is sealed now, so that the inside is reached, too. */
async function encrypted(): Promise<RawPlace> {
  const inner = memoryStore()
  const keys = [Uint8Array.from({ length: 32 }, (_, at) => (at * 37 + 5) % 256)]
  const seal = await createBoundSeal({ secrets: secretsOf(keys), purpose: 'records ' })
  return {
    store: encryptedStore(inner, {
      keys,
      ownerKeys: [Uint8Array.from({ length: 32 }, (_, at) => (at * 41 + 7) % 256)],
    }),
    covers: [
      'src/stores/encrypted.ts',
      'src/stores/encrypted-record.ts',
      'src/sealing/seal-bound.ts',
      'src/sealing/seal-owner.ts',
    ],
    form: 'text',
    words: ['~', '["ada"]', '[]', 'sealed1.', '='],
    seeds: (payload) => [`~["ada"]\n${payload}`, `~[]\n${payload}`, payload, 'sealed1.AAAAAAAA.AAAA'],
    async put(id, input) {
      if (!input.isWellFormed() || input.includes('\0')) return false
      const payload = input.startsWith('~') ? await seal.make(input.slice(1), id) : input
      return (await inner.create(id, { payload, expiresAt: SOON, owner: 'outside' }, NOW)) !== null
    },
    clear: (id) => inner.delete(id),
    stop: () => undefined,
  }
}

/** The bytes of the file; behind a tilde owner and payload, with a first line that is true of them; behind two, as a second record. */
async function file(): Promise<RawPlace> {
  const folder = mkdtempSync(join(tmpdir(), 'coatcheck-fuzz-'))
  const root = join(folder, 'sessions')
  const store = await openStore(`file:${root}`)
  const pathOf = (id: string): string => join(root, id.slice(0, 2), id)
  return {
    store,
    covers: [
      'src/stores/file.ts',
      'src/stores/file-format.ts',
      'src/stores/file-record.ts',
      'src/stores/file-slots.ts',
      'src/stores/file-layout.ts',
    ],
    form: 'text',
    words: ['coatcheck/1 ', 'coatcheck/2 ', ' 00000000', '"ada"', '~', '\0\0\0\0', '9999999999999999'],
    seeds: (payload) => [
      encodeRecord({ payload, expiresAt: SOON, owner: 'ada' }, VERSION, 1).toString('latin1'),
      `~"ada"\n${payload}`,
      `~\n${payload}`,
      `~~"ada"\n${payload}`,
    ],
    growing: {
      'a large file': (size) => `~\n${'a'.repeat(size)}`,
      'a large owner': (size) => `~"${'a'.repeat(size)}"\n`,
      zeros: (size) => '\0'.repeat(size),
    },
    put(id, input) {
      mkdirSync(join(root, id.slice(0, 2)), { recursive: true })
      writeFileSync(pathOf(id), input.startsWith('~') ? recordFile(input.slice(1)) : Buffer.from(input, 'latin1'))
      return true
    },
    clear: (id) => rmSync(pathOf(id), { force: true, recursive: true }),
    stop: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** A record with the sequence 1; one that begins with a further tilde stands behind a first one. */
function recordFile(text: string): Buffer {
  if (text.startsWith('~')) {
    const first = recordBytes(Buffer.from('\n{}'), 1)
    const second = recordBytes(Buffer.from(text.slice(1), 'utf8'), 2)
    return Buffer.concat([first, Buffer.alloc(2048 - first.length + 1), second])
  }
  return recordBytes(Buffer.from(text, 'utf8'), 1)
}

function recordBytes(body: Buffer, sequence: number): Buffer {
  const ownerBytes = Math.max(body.indexOf('\n'), 0)
  const digits = (value: number, width: number): string => String(value).padStart(width, '0')
  const lengths = `${digits(ownerBytes, 8)} ${digits(Math.max(body.length - ownerBytes - 1, 0), 10)}`
  const covered = Buffer.concat([Buffer.from(`${digits(sequence, 12)} ${VERSION} ${lengths}\n`), body])
  const sum = crc32(covered)
  const hex = (value: number): string => value.toString(16).padStart(8, '0')
  const deadline = digits(SOON, 16)
  return Buffer.concat([Buffer.from(`coatcheck/1 ${deadline} ${hex(crc32(deadline, sum))} ${hex(sum)} `), covered])
}

/** [version, deadline, owner, payload]; a text that begins with "bytes:" is bytes, which need be no UTF-8. */
async function sqlite(): Promise<RawPlace> {
  const folder = mkdtempSync(join(tmpdir(), 'coatcheck-fuzz-'))
  const path = join(folder, 'sessions.db')
  const store = await openStore(`sqlite:${path}`)
  await store.read('a'.repeat(64), 0)
  const database = new DatabaseSync(path)
  // As text whatever is given, since what is no text the table refuses.
  const insert = database.prepare(
    'INSERT INTO sessions (id, version, expires_at, owner, payload) VALUES (?, CAST(? AS TEXT), ?, CAST(? AS TEXT), CAST(? AS TEXT))',
  )
  return {
    ...COLUMNS,
    store,
    covers: ['src/stores/sqlite.ts', 'src/stores/sql-store.ts'],
    seeds: rowSeeds,
    put: (id, input) => accepts(() => insert.run(id, ...columns(input))),
    clear: (id) => void database.prepare('DELETE FROM sessions WHERE id = ?').run(id),
    stop() {
      database.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
