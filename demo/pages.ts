import { html } from './html.ts'
import type { Html } from './html.ts'
import { linesOf } from './text.ts'
import { LARGEST_FILE } from './upload.ts'
import type { Refusal, Upload } from './upload.ts'

const LIMIT = `${LARGEST_FILE / 1000} kB`

/** The status that fits each refusal, and what the page says about it. */
const REFUSALS: Readonly<Record<Refusal, { readonly status: number; readonly say: (file: Html) => Html }>> = {
  no_file: { status: 400, say: () => html`No file was chosen. Choose a text file first, then upload it.` },
  empty: { status: 400, say: (file) => html`${file} is empty: there are no lines to show.` },
  damaged: { status: 400, say: () => html`The form did not arrive in one piece. Please try again.` },
  cross_site: {
    status: 403,
    say: () => html`Another website sent this upload, so it was not taken. Use the form on this page.`,
  },
  too_large: { status: 413, say: (file) => html`${file} is larger than ${LIMIT}, the most this page takes.` },
  not_utf8: {
    status: 415,
    say: (file) => html`${file} is not UTF-8 text. Save it with the encoding UTF-8, then upload it again.`,
  },
  utf16: {
    status: 415,
    say: (file) => html`${file} is UTF-16 text. Save it with the encoding UTF-8, then upload it again.`,
  },
  binary: { status: 415, say: (file) => html`${file} is not a text file: it has NUL bytes in it.` },
  not_a_form: { status: 415, say: () => html`This is not a file upload. Use the form on this page.` },
}

/** What was refused, and the name of the file if it is known. */
export interface Problem {
  readonly refusal: Refusal
  readonly name?: string
}

/** The status of a page that tells a problem. */
export function statusOf({ refusal }: Problem): number {
  return REFUSALS[refusal].status
}

/** The first page: the form, a link to the last upload, and what went wrong with the one just tried. */
export function formPage(last: Upload | undefined, policy: string, problem?: Problem): Html {
  return layout(
    problem ? 'Not uploaded' : 'Upload a text file',
    html` <h1>Upload a text file</h1>
      <p>The server keeps it in your session and shows you its lines. Nobody else sees it.</p>
      ${problem && problemBox(problem, last)}
      <form method="post" action="/upload" enctype="multipart/form-data">
        <label for="file">Text file</label>
        <input
          type="file"
          id="file"
          name="file"
          aria-describedby="${problem ? 'problem limit' : 'limit'}"
          aria-invalid="${problem ? 'true' : 'false'}"
        />
        <p id="limit">UTF-8 text, at most ${LIMIT}.</p>
        <button>Upload</button>
      </form>
      ${last && lastUpload(last)}
      <details>
        <summary>How long it is kept</summary>
        <ul>
          ${policy.split('\n').map((sentence) => html`<li>${sentence}</li>`)}
        </ul>
      </details>`,
  )
}

/** The second page: the lines, exactly. */
export function linesPage({ name, text, at }: Upload): Html {
  const lines = linesOf(text)
  return layout(
    name,
    html` <nav><a href="/">Upload another file</a></nav>
      <h1><bdi>${name}</bdi></h1>
      <p>${count(lines)}, uploaded ${moment(at)}</p>
      <ol class="lines digits-${String(lines.length).length}">
        ${lines.map(lineItem)}
      </ol>`,
  )
}

/** Any page that only says something: nothing uploaded yet, no such page, a failure of ours. */
export function messagePage(title: string, message: string): Html {
  return layout(
    title,
    html` <h1>${title}</h1>
      <p>${message}</p>
      <p><a href="/">Upload a text file</a></p>`,
  )
}

function layout(title: string, main: Html): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · Coatcheck demo</title>
        <link rel="stylesheet" href="/style.css" />
        <link rel="icon" href="/ticket.svg" type="image/svg+xml" />
      </head>
      <body>
        <header>Coatcheck demo</header>
        <main>${main}</main>
      </body>
    </html>`
}

function problemBox({ refusal, name }: Problem, last: Upload | undefined): Html {
  const file = name === undefined ? html`The file` : html`<bdi>${name}</bdi>`
  return html`<p id="problem" role="alert">
    ${REFUSALS[refusal].say(file)} ${last && 'Your last upload is still there.'}
  </p>`
}

function lastUpload({ name, text, at }: Upload): Html {
  return html`<section aria-labelledby="last">
    <h2 id="last">Your last upload</h2>
    <p>
      <a href="/upload"><bdi>${name}</bdi></a> (${count(linesOf(text))}, ${moment(at)})
    </p>
  </section>`
}

/** The line's own end stays in the item, so that copied text has it too, also where the line is empty. */
function lineItem(line: string): Html {
  return html`<li>${`${line}\n`}</li>`
}

function count(lines: readonly string[]): string {
  return `${lines.length.toLocaleString('en')} ${lines.length === 1 ? 'line' : 'lines'}`
}

const inUtc = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' })

function moment(at: Date): Html {
  return html`<time datetime="${at.toISOString()}">${inUtc.format(at)} UTC</time>`
}
