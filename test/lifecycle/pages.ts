/** The parts of the documentation that are written by observation: each stands between two comments with its name. */
import { readPage } from '../markdown.ts'

/** The page with `text` in the part called `name`. Throws when the page has no such part. */
export function withPart(markdown: string, name: string, text: string): string {
  const { before, after } = split(markdown, name)
  return `${before}\n${text}\n${after}`
}

/** What a page says in the part called `name`. */
export function partOf(page: string, name: string): string {
  return split(readPage(page), name).part
}

function split(markdown: string, name: string): { before: string; part: string; after: string } {
  const open = `<!-- observed: ${name}; written by npm run lifecycle -- --write -->`
  const close = `<!-- end of ${name} -->`
  const from = markdown.indexOf(open) + open.length
  const to = markdown.indexOf(close, from)
  if (from < open.length || to === -1) throw new Error(`no part between ${open} and ${close}`)
  return { before: markdown.slice(0, from), part: markdown.slice(from, to).trim(), after: markdown.slice(to) }
}
