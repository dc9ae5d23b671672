/** What may stand in a template: text is escaped, {@link Html} is not, nothing is nothing, a list is its items. */
export type Part = string | number | Html | false | undefined | readonly Part[]

/**
 * Markup in which every value was escaped. A class, because only an instance counts as safe: an object read from a
 * session or a form cannot pass for one, whatever its properties are.
 */
export class Html {
  readonly #markup: string

  constructor(strings: TemplateStringsArray, parts: readonly Part[]) {
    this.#markup = String.raw({ raw: strings }, ...parts.map(markupOf))
  }

  toString(): string {
    return this.#markup
  }
}

/** A piece of a page. Values may stand between tags and inside quoted attributes; nowhere else are they safe. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(strings, parts)
}

function markupOf(part: Part): string {
  if (part instanceof Html) return part.toString()
  if (part === undefined || part === false) return ''
  if (typeof part === 'object') return part.map(markupOf).join('')
  return String(part).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
