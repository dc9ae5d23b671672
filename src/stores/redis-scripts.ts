import type { RedisConnection } from './redis-client.ts'

/**
 * What runs in the server. Each script has one key, so that every node of a cluster can run it, and each judges by the
 * `now` of the caller. Numbers of milliseconds stay texts from end to end: Lua prints a large one with fewer digits.
 */
export interface RedisScript {
  readonly source: string
  /** SHA-1 of the source, by which a server knows it. A promise the first time. */
  readonly digest: () => string | Promise<string>
}

/**
 * How every script on a record begins. `ours` is false for a value that has not the fields of a record: another
 * program's, which counts as absent and is left alone.
 */
const RECORD = `
local r = redis.pcall('HMGET', KEYS[1], 'version', 'expiresAt', 'owner', 'entry', 'entryUntil')
if r.err then
  if string.sub(r.err, 1, 9) ~= 'WRONGTYPE' then return r end
  r = {}
end
local deadline = tonumber(r[2] or nil)
local ours = r[1] and deadline
local live = ours and deadline > tonumber(ARGV[1])
`

/**
 * now, version, lapsesAt, 'anonymous' | 'indexed', field, value … → 'taken' or 'written'
 *
 * Here and below HSET comes first: a full server refuses it then, but allows everything after a script's first write.
 */
export const CREATE: RedisScript = script(`${RECORD}
if live and r[1] == ARGV[2] then return { 'written' } end
if live or not ours and redis.call('EXISTS', KEYS[1]) == 1 then return { 'taken' } end
redis.call('HSET', KEYS[1], unpack(ARGV, 5))
if ours and ARGV[4] == 'anonymous' then redis.call('HDEL', KEYS[1], 'owner', 'entry', 'entryUntil') end
redis.call('PEXPIREAT', KEYS[1], ARGV[3])
return { 'written' }
`)

/**
 * now, version, lapsesAt, expected, expiresAt, owner or '', 'anonymous' | 'owned' | 'indexed', field, value … →
 * 'gone', 'conflict', 'index', or 'written' with the owner and the entry that are no longer the record's.
 *
 * Most updates leave the deadline, and are of nobody's session: two commands less are a fifth less of Redis's time.
 */
export const UPDATE: RedisScript = script(`${RECORD}
if not live then return { 'gone' } end
if r[1] == ARGV[2] then return { 'written' } end
if r[1] ~= ARGV[4] then return { 'conflict' } end
if ARGV[7] == 'owned' and (r[3] ~= ARGV[6] or tonumber(r[5] or 0) < tonumber(ARGV[5])) then return { 'index' } end
redis.call('HSET', KEYS[1], unpack(ARGV, 8))
if ARGV[7] == 'anonymous' and (r[3] or r[4] or r[5]) then redis.call('HDEL', KEYS[1], 'owner', 'entry', 'entryUntil') end
if r[2] ~= ARGV[5] then redis.call('PEXPIREAT', KEYS[1], ARGV[3]) end
if ARGV[7] == 'owned' then return { 'written' } end
return { 'written', r[3], r[4] }
`)

/**
 * now, expiresAt, lapsesAt, and once it is indexed: owner, field, value … → 'gone', 'touched', or 'index' with the owner
 * in whose index the record must be entered for longer first.
 */
export const TOUCH: RedisScript = script(`${RECORD}
if not live then return { 'gone' } end
if tonumber(ARGV[2]) <= deadline then return { 'touched' } end
if r[3] and tonumber(r[5] or 0) < tonumber(ARGV[2]) then
  if r[3] ~= ARGV[4] then return { 'index', r[3] } end
  redis.call('HSET', KEYS[1], unpack(ARGV, 5))
end
redis.call('HSET', KEYS[1], 'expiresAt', ARGV[2])
redis.call('PEXPIREAT', KEYS[1], ARGV[3])
return { 'touched' }
`)

/** 0 → 'absent', or 'deleted' with the owner and the entry of the record */
export const DELETE: RedisScript = script(`${RECORD}
if not ours then return { 'absent' } end
redis.call('DEL', KEYS[1])
return { 'deleted', r[3], r[4] }
`)

/**
 * name, tag, until, skew → the seconds of the server's clock. Enters `name.seconds.tag` in an index and drops entries
 * whose records the server has expired. The index lapses with its last entry.
 */
export const ENTER: RedisScript = script(`
local time = redis.call('TIME')
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1] .. '.' .. time[1] .. '.' .. ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. string.format('%.0f', time[1] * 1000 - ARGV[4]))
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
if last[2] then redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', last[2] + ARGV[4])) end
return time[1]
`)

/** cursor, count → the seconds of the server's clock, and what ZSCAN answers */
export const ENTRIES: RedisScript = script(`
return { redis.call('TIME')[1], redis.call('ZSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2]) }
`)

/** Reads for clients that send reading commands to replicas, but never a script. */
export const READ: RedisScript = script(`return redis.pcall(ARGV[1], KEYS[1], unpack(ARGV, 2))`)

/**
 * Run a script by its digest, or by its source where the server does not know it: the first time, after SCRIPT FLUSH,
 * a restart or a failover. Both ways are one command.
 */
export async function runScript(
  { write }: RedisConnection,
  { source, digest }: RedisScript,
  key: string,
  args: readonly string[],
): Promise<unknown> {
  try {
    const known = digest()
    return await write(key, ['EVALSHA', typeof known === 'string' ? known : await known, '1', key, ...args])
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
    return write(key, ['EVAL', source, '1', key, ...args])
  }
}

function script(text: string): RedisScript {
  const source = text.trim()
  let digest: string | undefined
  return { source, digest: () => digest ?? sha1(source).then((made) => (digest = made)) }
}

/** WebCrypto, because it is the same in every runtime. */
async function sha1(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-1', new TextEncoder().encode(text))
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
