import { LARGEST_FILE } from './upload.ts'
import type { Refusal } from './upload.ts'

/** The size limit as the pages put it. */
export const LIMIT: string = `${LARGEST_FILE / 1000} kB`

/** What was refused, and the name of the file if it is known. */
export interface Problem {
  readonly refusal: Refusal
  readonly name?: string
}

/** The status that fits each refusal, and what the page says about it, behind the file's name if `ofFile`. */
export const REFUSALS: Readonly<Record<Refusal, { readonly status: number; ofFile?: boolean; readonly say: string }>> =
  {
    no_file: { status: 400, say: 'No file was chosen. Choose a text file first, then upload it.' },
    empty: { status: 400, ofFile: true, say: 'is empty: there are no lines to show.' },
    damaged: { status: 400, say: 'The form did not arrive in one piece. Please try again.' },
    too_large: { status: 413, ofFile: true, say: `is larger than ${LIMIT}, the most this page takes.` },
    not_utf8: {
      status: 415,
      ofFile: true,
      say: 'is not UTF-8 text. Save it with the encoding UTF-8, then upload it again.',
    },
    utf16: { status: 415, ofFile: true, say: 'is UTF-16 text. Save it with the encoding UTF-8, then upload it again.' },
    binary: { status: 415, ofFile: true, say: 'is not a text file: it has NUL bytes in it.' },
    not_a_form: { status: 415, say: 'This is not a file upload. Use the form on this page.' },
  }
