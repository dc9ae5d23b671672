/**
 * Live traffic beside a sweep: a million sessions in PostgreSQL, 900,000 of them expired, swept while visitors come.
 * `node --conditions=coatcheck-source bench/postgres-sweep.ts [rows]` prints the latencies with and without.
 *
 * Quiet and swept stretches take turns, so that a machine that slows down slows both; a ratio is what counts.
 */
import { createSessions } from 'coatcheck'
import { openStore } from 'coatcheck/stores'
import { Pool } from 'pg'
import { startPostgres } from '../test/servers/index.ts'

const ROWS = Number(process.argv[2] ?? 1_000_000)
const VISITORS = 8
const STRETCH_MS = 4000
const HOUR = 3_600_000

const server = await startPostgres({ config: { synchronous_commit: 'off', shared_buffers: '512MB' } })
try {
  const pool = new Pool({ connectionString: server.url })
  // The server's end may reach a connection that is still on its way out.
  pool.on('error', () => {})
  const sessions = createSessions({
    store: await openStore(server.url),
    cookie: { secure: false },
    sweepEvery: false,
  })
  const cookies = await Promise.all(Array.from({ length: 200 }, () => visit()))
  await fill(pool)
  console.log(`PostgreSQL ${server.version}, ${ROWS} sessions, 90 % of them expired, ${VISITORS} visitors at a time`)

  const quiet: number[] = []
  const swept: number[] = []
  quiet.push(...(await traffic(STRETCH_MS)))
  // The sweep runs to its end; quiet stretches before and after it are what it is held against.
  const progress = { sweeping: true }
  const sweepStarted = performance.now()
  const sweep = sessions.sweep().finally(() => (progress.sweeping = false))
  while (progress.sweeping) swept.push(...(await traffic(1000)))
  const removed = await sweep
  const sweepSeconds = (performance.now() - sweepStarted) / 1000
  quiet.push(...(await traffic(STRETCH_MS)))

  const [left] = (
    await pool.query<{ count: string }>('select count(*) from sessions where expires_at <= $1', [Date.now()])
  ).rows
  console.log(`removed ${removed} in ${sweepSeconds.toFixed(1)} s, ${left?.count} expired ones left`)
  for (const share of [0.5, 0.99]) {
    const [without, during] = [quantile(quiet, share), quantile(swept, share)]
    console.log(
      `p${share * 100}: ${without.toFixed(2)} ms without, ${during.toFixed(2)} ms during the sweep, ratio ${(during / without).toFixed(2)}`,
    )
  }
  console.log(`requests: ${quiet.length} without, ${swept.length} during`)
  await sessions.close()
  await pool.end()

  /** One request that reads its session and changes it; gives its cookie. */
  async function visit(cookie?: string): Promise<string> {
    const session = await sessions.open({ cookie, secure: false })
    session.data['visits'] = Number(session.data['visits'] ?? 0) + 1
    session.data['cart'] = 'x'.repeat(200)
    const reply = await sessions.commit(session)
    return reply.setCookie[0]?.split(';')[0] ?? cookie ?? ''
  }

  /** Latencies in ms of visitors who come one after the other, several at a time, for a while. */
  async function traffic(ms: number): Promise<number[]> {
    const end = performance.now() + ms
    const latencies: number[] = []
    const visitor = async (n: number): Promise<void> => {
      for (let turn = n; performance.now() < end; turn += VISITORS) {
        const start = performance.now()
        await visit(cookies[turn % cookies.length])
        latencies.push(performance.now() - start)
      }
    }
    await Promise.all(Array.from({ length: VISITORS }, (_, n) => visitor(n)))
    return latencies
  }
} finally {
  await server.stop()
}

/** Copies of a real record under other IDs, most of them expired. */
async function fill(pool: Pool): Promise<void> {
  await pool.query(
    `insert into sessions (id, version, expires_at, owner, payload)
     select encode(sha256(n::text::bytea), 'hex'), md5(n::text),
            case when n % 10 = 0 then $1::bigint else $2::bigint - n end, null,
            (select payload from sessions limit 1)
     from generate_series(1, $3::int) n`,
    [Date.now() + 24 * HOUR, Date.now() - HOUR, ROWS],
  )
  await pool.query('vacuum analyze sessions')
}

function quantile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
