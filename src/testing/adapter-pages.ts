import type { Browser, Page } from './adapter-context.ts'
import { check } from './check.ts'

/** Keep the path under `at`, except on /read; the body is the data. */
export function keep(session: { readonly data: Record<string, unknown> }, path: string): { readonly body: string } {
  if (path !== '/read') session.data['at'] = path
  return { body: JSON.stringify(session.data) }
}

/** A browser whose session holds `{ at: '/keep' }`. */
export async function arrive(visit: (cookie?: string) => Browser): Promise<Browser> {
  const browser = visit()
  const page: Page = await browser.get('/keep')
  check(page.status === 200 && browser.cookie !== undefined, `no session to begin with: ${page.status} ${page.body}`)
  return browser
}

/** Let the event loop turn a few times, so that what would leave too early has the chance to. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setTimeout(resolve, 1))
}
