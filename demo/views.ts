import { join } from 'node:path'
import { Eta } from 'eta'
import * as words from './words.ts'

/** Every value is escaped, unless a template says `<%~`; only the layout does, for the page inside it. */
const eta = new Eta({ views: join(import.meta.dirname, 'views'), autoTrim: false, cache: true })

/** A page of `views/` as text. Templates see `data` and the functions of `words.ts` as properties of `it`. */
export function render(view: string, data: object): string {
  return eta.render(view, { session: undefined, flashes: [], path: '', ...words, ...data })
}
