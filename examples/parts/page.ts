/** Pages of the examples. */
import { Eta } from 'eta'

const eta = new Eta()

/**
 * A page as HTML. In `body`, `<%= it.name %>` is the value of `data.name`, escaped: what visitors typed stays text.
 * Never put such a text into `body` itself.
 */
export function page(body: string, data: object = {}): string {
  return eta.renderString(`<!doctype html><html lang="en"><meta charset="utf-8"><title>Example</title>${body}`, data)
}
