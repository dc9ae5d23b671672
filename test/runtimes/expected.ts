/** Cases by part, as tests compare them: a part that did not run is missed. */
import assert from 'node:assert/strict'
import { adapterCases, storeCases } from '../../src/testing/index.ts'
import { HOLDS_IN_COOKIES } from '../adapters/cookie-cases.ts'
import type { Runtime } from './runtimes.ts'

/** What a store runs. */
export const STORE: number = storeCases.length

/** What runs on every runtime. */
export const EVERYWHERE: Readonly<Record<string, number>> = {
  memory: STORE,
  encrypted: STORE,
  fetch: adapterCases.length,
  Hono: adapterCases.length,
  'fetch, sessions in cookies': HOLDS_IN_COOKIES.length,
  'Hono, sessions in cookies': HOLDS_IN_COOKIES.length,
}

/** Run the `expected` parts: every case of each, and none fails. */
export async function passes(
  runtime: Runtime,
  project: string,
  expected: Readonly<Record<string, number>>,
): Promise<void> {
  const results = await runtime.run(project, Object.keys(expected))
  const failed = results.filter(({ error }) => error !== undefined)
  assert.deepEqual(failed, [], runtime.name)
  const parts = Object.entries(Object.groupBy(results, ({ part }) => part))
  assert.deepEqual(Object.fromEntries(parts.map(([part, all]) => [part, all?.length])), expected, runtime.name)
}

/** Some of these parts. */
export function only(all: Readonly<Record<string, number>>, ...parts: readonly string[]): Record<string, number> {
  return Object.fromEntries(parts.map((part) => [part, all[part] ?? assert.fail(`there is no part ${part}`)]))
}

/** The same in a worker, which cannot open a socket to itself. */
export const WITHOUT_SOCKETS: Readonly<Record<string, number>> = {
  ...EVERYWHERE,
  fetch: adapterCases.filter(({ needsSocket }) => !needsSocket).length,
  Hono: adapterCases.filter(({ needsSocket }) => !needsSocket).length,
}
