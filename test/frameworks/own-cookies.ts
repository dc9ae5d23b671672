/** For frameworks that keep cookies of their own: both kinds leave with one response. */
import assert from 'node:assert/strict'
import type { App } from './app.ts'
import { visitor } from './visitor.ts'

export async function walkCookies({ port }: App): Promise<void> {
  const { cookies } = await visitor(port).request('/theme', { method: 'POST', body: 'dark' })
  assert.deepEqual(cookies.map((line) => line.replace(/=.*/, '')).toSorted(), ['__Host-id', 'theme'])
}
