import type { IncomingMessage } from 'node:http'
import { readText } from './text.ts'
import type { TextProblem } from './text.ts'

/** What is kept in the session. */
export interface Upload {
  /** As the browser sent it: to be shown, never to be used as a path. */
  readonly name: string
  readonly text: string
  readonly at: Date
}

/** Why an upload was not kept. */
export type Refusal = TextProblem | 'too_large' | 'no_file' | 'not_a_form' | 'damaged'

/** What came of a request with a form: the file's name and text, or the reason there is none. */
export type Received =
  | { readonly name: string; readonly text: string }
  | { readonly refusal: Refusal; readonly name?: string }

/** The largest file that is kept, in bytes. */
export const LARGEST_FILE = 256_000

/** What the form adds to the file: its boundaries, and headers with the file's name. */
const FORM_OVERHEAD = 16_000

/** Longer names are cut for display; no file system that people use allows 256 characters. */
const LONGEST_NAME = 255

/**
 * Read the text file out of a multipart form. Rejects only when the client went away.
 *
 * The form is parsed by `Response.formData()`, which is part of Node: one maintained parser that follows the same
 * specification as the browser, and no dependency. Its price is that it wants the whole body in memory, so the body
 * is cut off at the limit while it streams in; a few hundred kilobytes a request are cheap. Files that do not belong
 * in memory need a streaming parser instead (busboy, multer).
 */
export async function receiveUpload(req: IncomingMessage): Promise<Received> {
  const type = req.headers['content-type'] ?? ''
  if (!/^multipart\/form-data\b/i.test(type)) return { refusal: 'not_a_form' }
  const body = await readBody(req, LARGEST_FILE + FORM_OVERHEAD)
  if (body === 'too_large') return { refusal: 'too_large' }

  const file = await fileOf(body, type)
  if (file === 'damaged') return { refusal: 'damaged' }
  // Without a choice a browser sends a file without name and without bytes.
  if (file === undefined || (file.name === '' && file.size === 0)) return { refusal: 'no_file' }
  const name = shownName(file.name)
  if (file.size > LARGEST_FILE) return { refusal: 'too_large', name }
  const read = readText(new Uint8Array(await file.arrayBuffer()))
  return 'text' in read ? { name, text: read.text } : { refusal: read.problem, name }
}

/**
 * The body, unless it is larger than `limit`: then the answer comes at once and the rest is read and thrown away.
 * A browser reads no answer before it has sent its whole body, so hanging up would show it a connection error in
 * place of our page. The server's own request timeout (five minutes) ends a body that never ends.
 */
function readBody(req: IncomingMessage, limit: number): Promise<Uint8Array<ArrayBuffer> | 'too_large'> {
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = []
    let size = 0
    req.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= limit) {
        chunks.push(chunk)
      } else {
        chunks = []
        resolve('too_large')
      }
    })
    req.on('end', () => resolve(Buffer.concat(chunks)))
    req.on('error', reject)
    req.on('close', () => reject(new Error('the client hung up before its upload was complete')))
  })
}

async function fileOf(body: Uint8Array<ArrayBuffer>, type: string): Promise<File | undefined | 'damaged'> {
  try {
    const form = await new Response(body, { headers: { 'content-type': type } }).formData()
    const file = form.get('file')
    return file instanceof File ? file : undefined
  } catch {
    return 'damaged'
  }
}

/** Control characters have no look, and a name of a megabyte has too much of one. */
function shownName(name: string): string {
  const characters = Array.from(name.replace(/\p{Cc}+/gu, ' ').trim())
  if (characters.length === 0) return 'unnamed file'
  return characters.length <= LONGEST_NAME ? characters.join('') : `${characters.slice(0, LONGEST_NAME - 1).join('')}…`
}
