/** What encryption costs: reading and writing one record of a memory store, with it and without. */
import { encryptedStore } from '../src/stores/encrypted.ts'
import { memoryStore } from '../src/stores/memory.ts'

const RUNS = 7
const key = crypto.getRandomValues(new Uint8Array(32))
const id = 'a'.repeat(64)
const now = Date.now()

console.log(
  'payload, bytes   in clear: write, read   encrypted: write, read   (µs each, median of 7 runs)   stored, characters',
)
for (const size of [200, 2_000, 20_000, 200_000, 1_048_576]) {
  const inner = memoryStore()
  const figures = [
    ...(await measure(memoryStore(), size)),
    ...(await measure(encryptedStore(inner, { keys: [key] }), size)),
  ]
  const stored = (await inner.read(id, now))?.payload.length ?? 0
  console.log(String(size).padEnd(17), ...figures.map((us) => us.toFixed(1).padStart(9)), '  ', stored)
}

async function measure(
  store: ReturnType<typeof memoryStore> | ReturnType<typeof encryptedStore>,
  size: number,
): Promise<number[]> {
  const record = { payload: 'abcdefghij'.repeat(Math.ceil(size / 10)).slice(0, size), expiresAt: now + 3_600_000 }
  const first = await store.create(id, record, now)
  if (first === null) throw new Error('the store is not empty')
  let { version } = first
  const write = async (): Promise<void> => {
    const written = await store.update(id, version, record, now)
    if (typeof written === 'string') throw new Error(written)
    ;({ version } = written)
  }
  const read = async (): Promise<void> => {
    if ((await store.read(id, now))?.payload !== record.payload) throw new Error('another payload')
  }
  const count = size > 100_000 ? 20 : 1_000
  return [await median(write, count), await median(read, count)]
}

/** Microseconds a call. */
async function median(act: () => Promise<void>, count: number): Promise<number> {
  const times: number[] = []
  for (let run = 0; run < RUNS; run += 1) {
    const begin = performance.now()
    for (let n = 0; n < count; n += 1) await act()
    times.push(((performance.now() - begin) / count) * 1000)
  }
  return times.toSorted((a, b) => a - b)[RUNS >> 1] ?? Number.NaN
}
