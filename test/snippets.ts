/**
 * How a code block of the documentation says what shall be checked about it.
 *
 * Every block in a language of TypeScript or JavaScript is type-checked with the settings of the project, and run.
 * A comment above it says more:
 *
 *     <!-- setup                                  lines that come before the block, unseen by the reader
 *     import { createSessions } from 'coatcheck'
 *     -->
 *     <!-- snippet: serve                         it starts a server: these requests follow, with one cookie jar
 *     GET / -> 200 Visits: 1
 *     POST /login name=ann -> 302
 *     -->
 *     <!-- snippet: types because it needs …  --> it is not run, and this is why
 *     <!-- snippet: part of examples/a/b.tsx  --> lines of this file, in whatever language, which is checked elsewhere
 *
 * Without one it is run and must end by itself, without an error. There is no way to leave the type check out.
 */
import type { CodeBlock } from './markdown.ts'

export interface Request {
  readonly method: string
  readonly path: string
  /** The body of a form, url-encoded. */
  readonly form: string | undefined
  readonly status: number
  /** What the body must contain. */
  readonly text: string
}

export interface Snippet {
  /** What runs: the setup and the block. */
  readonly code: string
  readonly line: number
  readonly check: { readonly run: true } | { readonly serve: readonly Request[] } | { readonly types: string }
}

/** A block that repeats a part of a file. */
export interface Quote {
  readonly code: string
  readonly line: number
  readonly file: string
}

const CHECKED = 'ts'
const REFUSED = new Set(['typescript', 'mts', 'cts', 'tsx', 'js', 'mjs', 'cjs', 'jsx', 'javascript'])

/** The blocks that repeat a part of a file: whoever reads them wants to know that it still says so. */
export function quotes(blocks: readonly CodeBlock[]): Quote[] {
  return blocks.flatMap(({ code, line, comments }) =>
    comments.flatMap((comment) => {
      const file = quotedFile(comment)
      return file === undefined ? [] : [{ code, line, file }]
    }),
  )
}

/** The snippets among a page's blocks, without {@link quotes}. Throws on a comment it does not know: a misspelt check must not pass as none. */
export function snippets(blocks: readonly CodeBlock[]): Snippet[] {
  return blocks.flatMap((block) => {
    const { language, line, comments } = block
    if (comments.some((comment) => quotedFile(comment) !== undefined)) {
      if (comments.length > 1) throw new Error(`line ${line}: a part of a file needs no other comment`)
      return []
    }
    if (REFUSED.has(language.toLowerCase()))
      throw new Error(`line ${line}: mark the block \`${CHECKED}\`, so that it is checked`)
    const setup = comments
      .filter((comment) => /^setup\b/.test(comment))
      .map((comment) => comment.replace(/^setup:?/, ''))
    const directives = comments.filter((comment) => comment.startsWith('snippet'))
    if (language !== CHECKED) {
      if (setup.length + directives.length > 0) throw new Error(`line ${line}: only \`${CHECKED}\` blocks are checked`)
      return []
    }
    if (directives.length > 1) throw new Error(`line ${line}: two comments say how to check this block`)
    return [{ code: [...setup, block.code].join('\n'), line, check: parseCheck(directives[0], line) }]
  })
}

function quotedFile(comment: string): string | undefined {
  return /^snippet: part of (\S+)$/.exec(comment)?.[1]
}

function parseCheck(directive: string | undefined, line: number): Snippet['check'] {
  if (directive === undefined || directive === 'snippet: run') return { run: true }
  const types = /^snippet: types because (.{10,})$/s.exec(directive)?.[1]
  if (types !== undefined) return { types }
  const [first, ...requests] = directive.split('\n').map((text) => text.trim())
  if (first !== 'snippet: serve' || requests.length === 0)
    throw new Error(`line ${line}: not a check: <!-- ${directive} -->; see test/snippets.ts`)
  return { serve: requests.map((request) => parseRequest(request, line)) }
}

function parseRequest(text: string, line: number): Request {
  const parts = /^([A-Z]+) (\/\S*)(?: (\S+))? -> (\d{3})(?: (.+))?$/.exec(text)
  const [, method, path, form, status, body = ''] = parts ?? []
  if (method === undefined || path === undefined) throw new Error(`line ${line}: not a request: ${text}`)
  return { method, path, form, status: Number(status), text: body }
}
