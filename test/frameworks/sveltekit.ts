/** What concerns SvelteKit alone: it keeps cookies of its own. */
import assert from 'node:assert/strict'
import type { App } from './app.ts'
import { visitor } from './visitor.ts'

export async function walkSvelteKit({ port }: App): Promise<void> {
  const { cookies } = await visitor(port).request('/theme', { method: 'POST', body: 'dark' })
  assert.deepEqual(cookies.map((line) => line.replace(/=.*/, '')).toSorted(), ['__Host-id', 'theme'])
}
