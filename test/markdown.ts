/** Reading the project's Markdown: which files there are, their headings, links and code blocks. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const root: string = join(import.meta.dirname, '..')

/** Every page the repository shows, as paths relative to its root. */
export function pages(): string[] {
  const ignored = new Set(['node_modules', 'dist', '.snippets', 'coverage'])
  return globSync('**/*.md', { cwd: root, exclude: (name) => ignored.has(name) }).toSorted()
}

export function readPage(page: string): string {
  return readFileSync(join(root, page), 'utf8')
}

export interface CodeBlock {
  readonly language: string
  readonly code: string
  /** Line of the opening fence, from 1. */
  readonly line: number
  /** The HTML comments directly above the block, from top to bottom, without their delimiters. */
  readonly comments: readonly string[]
}

/** The fenced blocks of a page, with the comments that say how to check them. */
export function codeBlocks(markdown: string): CodeBlock[] {
  const blocks: CodeBlock[] = []
  const lines = markdown.split('\n')
  let comments: string[] = []
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? ''
    const fence = /^(\s*)(`{3,}|~{3,})\s*(\S*)/.exec(line)
    if (fence) {
      const [, indent = '', marks = '', language = ''] = fence
      const end = lines.findIndex((other, index) => index > at && other.trim().startsWith(marks))
      if (end === -1) throw new Error(`line ${at + 1}: the code block is never closed`)
      const code = lines.slice(at + 1, end).map((text) => (text.startsWith(indent) ? text.slice(indent.length) : text))
      blocks.push({ language, code: `${code.join('\n')}\n`, line: at + 1, comments })
      comments = []
      at = end
    } else if (line.trimStart().startsWith('<!--')) {
      const end = lines.findIndex((other, index) => index >= at && other.includes('-->'))
      if (end === -1) throw new Error(`line ${at + 1}: the comment is never closed`)
      comments.push(
        lines
          .slice(at, end + 1)
          .join('\n')
          .replace(/^\s*<!--/, '')
          .replace(/-->[^]*$/, '')
          .trim(),
      )
      at = end
    } else if (line.trim() !== '') {
      comments = []
    }
  }
  return blocks
}

/** The page without its code, so that brackets in code are not taken for links. */
function prose(markdown: string): string {
  let fence: string | null = null
  const kept = markdown.split('\n').filter((line) => {
    const marks = /^\s*(`{3,}|~{3,})/.exec(line)?.[1]
    if (fence === null && marks === undefined) return true
    if (fence === null) fence = marks ?? null
    else if (marks?.startsWith(fence)) fence = null
    return false
  })
  return kept.join('\n').replaceAll(/`[^`\n]*`/g, '``')
}

/** The targets of a page's links and images. */
export function links(markdown: string): string[] {
  const text = prose(markdown)
  const inline = [...text.matchAll(/\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)/g)]
  const reference = [...text.matchAll(/^\s*\[[^\]]+\]:\s*<?(\S+?)>?\s*$/gm)]
  return [...inline, ...reference].map(([, target = '']) => target)
}

/** The anchors a page offers, made the way GitHub makes them from headings. */
export function anchors(markdown: string): Set<string> {
  const found = new Set<string>()
  const outside = markdown.replaceAll(/^\s*(`{3,})[^]*?^\s*\1/gm, '')
  for (const [, title = ''] of outside.matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const plain = title.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
    const slug = plain.replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(/\s/g, '-')
    let name = slug
    for (let count = 1; found.has(name); count++) name = `${slug}-${count}`
    found.add(name)
  }
  for (const [, id = ''] of outside.matchAll(/<a\s+(?:id|name)="([^"]+)"/g)) found.add(id)
  return found
}
