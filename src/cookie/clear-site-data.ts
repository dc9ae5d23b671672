import { refuse } from '../options/options-check.ts'
import { shown } from '../options/shown.ts'

/** What a browser can be told to forget (W3C Clear Site Data, 3.1, and what browsers have added to it). */
export type SiteData =
  | 'cache'
  | 'cookies'
  | 'storage'
  | 'executionContexts'
  | 'clientHints'
  | 'prefetchCache'
  | 'prerenderCache'
  | '*'

const KNOWN: readonly string[] = [
  'cache',
  'cookies',
  'storage',
  'executionContexts',
  'clientHints',
  'prefetchCache',
  'prerenderCache',
  '*',
] satisfies SiteData[]

/**
 * What could show a visitor's data to the next one at the machine. Without cookies: those of every other application on
 * the registrable domain would go too, and ours is deleted anyway.
 */
const USUAL: readonly string[] = ['cache', 'storage'] satisfies SiteData[]

/** The value of the header; undefined for none. Throws `bad_option`. */
export function clearSiteDataHeader(option: boolean | readonly SiteData[] = false): string | undefined {
  if (option === false) return undefined
  const kinds: readonly unknown[] = option === true ? USUAL : listed(option)
  const unknown = kinds.find((kind) => typeof kind !== 'string' || !KNOWN.includes(kind))
  if (unknown !== undefined) refuse(`clearSiteData has ${shown(unknown)}; there are ${KNOWN.join(', ')}`)
  return kinds.map((kind) => `"${String(kind)}"`).join(', ')
}

function listed(option: unknown): readonly unknown[] {
  if (Array.isArray(option) && option.length > 0) return option
  return refuse(`clearSiteData is ${shown(option)}; it is true, false or a list such as ['cache', 'storage']`)
}
