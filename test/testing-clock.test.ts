import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testClock } from '../src/testing/index.ts'

test('the clock stands still until it is moved', () => {
  const clock = testClock(5_000)
  assert.equal(clock.now(), 5_000)
  clock.advance(250)
  assert.equal(clock.now(), 5_250)
  clock.set(1_000)
  assert.equal(clock.now(), 1_000)
})

test('it starts at the same moment every time, long past for the machine', () => {
  assert.equal(testClock().now(), testClock().now())
  assert.equal(new Date(testClock().now()).getUTCFullYear(), 2001)
})

test('timers run when they are passed, in order, each at its own moment', () => {
  const clock = testClock(0)
  const ran: string[] = []
  const note = (name: string) => () => ran.push(`${name}@${clock.now()}`)
  clock.after(300, note('late'))
  clock.after(100, note('early'))
  clock.after(100, note('early too'))
  clock.after(301, note('later'))
  clock.advance(99)
  assert.deepEqual(ran, [])
  clock.advance(201)
  assert.deepEqual(ran, ['early@100', 'early too@100', 'late@300'])
  assert.equal(clock.now(), 300)
  clock.advance(10_000)
  assert.deepEqual(ran.slice(3), ['later@301'])
})

test('a timer that sets another runs it in the same move when it falls due', () => {
  const clock = testClock(0)
  const ran: number[] = []
  const again = (): void => {
    ran.push(clock.now())
    clock.after(10, again)
  }
  clock.after(10, again)
  clock.advance(35)
  assert.deepEqual(ran, [10, 20, 30])
  assert.equal(clock.now(), 35)
})

test('a cancelled timer does not run, also when another timer cancels it', () => {
  const clock = testClock(0)
  const ran: string[] = []
  const cancel = clock.after(10, () => ran.push('cancelled'))
  const cancelLater = clock.after(30, () => ran.push('cancelled by a timer'))
  clock.after(20, cancelLater)
  cancel()
  clock.advance(100)
  assert.deepEqual(ran, [])
  cancel()
})

test('moving back runs nothing; a timer waits for its moment', () => {
  const clock = testClock(1_000)
  let ran = 0
  clock.after(100, () => ran++)
  clock.set(0)
  assert.equal(ran, 0)
  clock.set(1_099)
  assert.equal(ran, 0)
  clock.set(1_100)
  assert.equal(ran, 1)
})

test('sleep resolves in a later turn, however long, without moving time', async () => {
  const clock = testClock(0)
  let slept = false
  const sleeping = clock.sleep(86_400_000).then(() => (slept = true))
  await Promise.resolve()
  assert.equal(slept, false)
  await sleeping
  assert.equal(clock.now(), 0)
})
