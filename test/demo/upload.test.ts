import assert from 'node:assert/strict'
import { request } from 'node:http'
import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import { once } from 'node:events'
import { after, before, suite, test } from 'node:test'
import { LARGEST_FILE } from '../../demo/upload.ts'
import { killDemos, recordsIn, startDemo, temporaryFolder } from './demo-process.ts'
import type { Demo } from './demo-process.ts'
import { lastUploadOn, linesOn, mainOf, problemOn, visitor } from './visitor.ts'

suite('demo: uploading', () => {
  const folder = temporaryFolder()
  let demo: Demo
  before(async () => {
    demo = await startDemo({ SESSION_STORE: `file:${folder.path}` })
  })
  after(async () => {
    await demo.stop()
    killDemos()
    folder.remove()
    assert.equal(demo.stderr(), '', 'none of this is worth a line in the log')
  })

  const shown: readonly (readonly [what: string, content: string | Uint8Array<ArrayBuffer>, lines: string[]])[] = [
    ['LF', 'a\nb\n', ['a', 'b']],
    ['CRLF', 'a\r\nb\r\n', ['a', 'b']],
    ['CR', 'a\rb\r', ['a', 'b']],
    ['all three mixed', 'a\nb\r\nc\rd', ['a', 'b', 'c', 'd']],
    ['no line end at all', 'a', ['a']],
    ['nothing but one line end', '\n', ['']],
    ['empty lines at start, middle and end', '\n\na\n\n\nb\n\n', ['', '', 'a', '', '', 'b', '']],
    ['a byte order mark', '\uFEFFa\n', ['a']],
    ['a second byte order mark, which is text', '\uFEFF\uFEFFa\n', ['\uFEFFa']],
    ['indentation and trailing blanks', '  two\n\tone tab\n \t mixed \t \n', ['  two', '\tone tab', ' \t mixed \t ']],
    ['blank lines that are not empty', ' \n\t\n', [' ', '\t']],
    [
      'markup, quotes and templates',
      '<script>alert(1)</script>\n</li></ol>&amp;&#60;"\'\n${1}`\n',
      ['<script>alert(1)</script>', '</li></ol>&amp;&#60;"\'', '${1}`'],
    ],
    ['every script', 'naïve 日本 🧥 e\u0301\nעברית \u202Eabc\n', ['naïve 日本 🧥 e\u0301', 'עברית \u202Eabc']],
    [
      'control characters, and what others take for line ends',
      'a\v\f\x1b[1m\x85\u2028b\n',
      ['a\v\f\x1b[1m\x85\u2028b'],
    ],
    ['as many lines as a file can have', '\n'.repeat(LARGEST_FILE), Array.from({ length: LARGEST_FILE }, () => '')],
    ['one line as long as a file may be', 'x'.repeat(LARGEST_FILE), ['x'.repeat(LARGEST_FILE)]],
    ['a file as large as it may be, all markup', '<'.repeat(LARGEST_FILE), ['<'.repeat(LARGEST_FILE)]],
  ]
  for (const [what, content, lines] of shown) {
    test(`shows every line exactly: ${what}`, async () => {
      const someone = visitor(demo.url)
      const answer = await someone.upload(content)
      assert.equal(answer.status, 303)
      assert.equal(answer.headers.get('location'), '/upload')
      const page = await someone.get('/upload')
      assert.equal(page.status, 200)
      assert.deepEqual(linesOn(page), lines)
      assert.doesNotMatch(mainOf(page), /<script/, 'no markup of the file is markup of the page')
      assert.match(lastUploadOn(await someone.get('/'))?.rest ?? '', countOf(lines.length))
    })
  }

  test('the first page links to the last upload, with its name, lines and date', async () => {
    const someone = visitor(demo.url)
    assert.equal(lastUploadOn(await someone.get('/')), undefined)
    await someone.upload('one', 'first.txt')
    await someone.upload('one\ntwo', 'second.txt')
    const last = lastUploadOn(await someone.get('/'))
    assert.equal(last?.name, 'second.txt')
    assert.match(last?.rest ?? '', /^\(2 lines, \d+ [A-Z][a-z]+ \d{4} at \d\d:\d\d UTC\)$/)
  })

  const tooLarge = new Uint8Array(LARGEST_FILE + 1).fill(0x61)
  const binary = new Uint8Array([0x61, 0, 0x62])
  const refused: readonly (readonly [string, string | Uint8Array<ArrayBuffer>, string, number, string])[] = [
    ['no file chosen', '', '', 400, 'No file was chosen. Choose a text file first, then upload it.'],
    ['an empty file', '', 'nil.txt', 400, 'nil.txt is empty: there are no lines to show.'],
    ['only a byte order mark', '\uFEFF', 'bom.txt', 400, 'bom.txt is empty: there are no lines to show.'],
    ['one byte too many', tooLarge, 'big.txt', 413, 'big.txt is larger than 256 kB, the most this page takes.'],
    [
      'far too many bytes',
      new Uint8Array(8_000_000),
      'huge.iso',
      413,
      'The file is larger than 256 kB, the most this page takes.',
    ],
    ['NUL bytes', binary, 'a.out', 415, 'a.out is not a text file: it has NUL bytes in it.'],
    [
      'Latin-1',
      new Uint8Array([0x6e, 0x61, 0xef, 0x76, 0x65]),
      'old.txt',
      415,
      'old.txt is not UTF-8 text. Save it with the encoding UTF-8, then upload it again.',
    ],
    [
      'a surrogate in UTF-8',
      new Uint8Array([0xed, 0xa0, 0x80]),
      'cesu.txt',
      415,
      'cesu.txt is not UTF-8 text. Save it with the encoding UTF-8, then upload it again.',
    ],
    [
      'a character cut in two',
      new Uint8Array([0x61, 0xe2, 0x82]),
      'cut.txt',
      415,
      'cut.txt is not UTF-8 text. Save it with the encoding UTF-8, then upload it again.',
    ],
    ...[Buffer.from('\uFEFFa', 'utf16le'), Buffer.from('\uFEFFa', 'utf16le').swap16()].map(
      (bytes, index) =>
        [
          index === 0 ? 'UTF-16, little end first' : 'UTF-16, big end first',
          new Uint8Array(bytes),
          'wide.txt',
          415,
          'wide.txt is UTF-16 text. Save it with the encoding UTF-8, then upload it again.',
        ] as const,
    ),
  ]
  for (const [what, content, name, status, message] of refused) {
    test(`says on the page what is wrong, and keeps what was there: ${what}`, async () => {
      const someone = visitor(demo.url)
      const alone = await someone.upload(content, name)
      assert.equal(alone.status, status)
      assert.equal(problemOn(alone), message)
      assert.equal(someone.cookie(), undefined, 'a refused upload alone begins no session')

      await someone.upload('kept\n', 'kept.txt')
      const again = await someone.upload(content, name)
      assert.equal(again.status, status)
      assert.equal(problemOn(again), `${message} Your last upload is still there.`)
      assert.equal(lastUploadOn(again)?.name, 'kept.txt')
      assert.deepEqual(linesOn(await someone.get('/upload')), ['kept'])
    })
  }

  const forms: readonly (readonly [string, BodyInit, string, number, string])[] = [
    ['no type', new Uint8Array([1]), '', 415, 'This is not a file upload. Use the form on this page.'],
    ['JSON', '{}', 'application/json', 415, 'This is not a file upload. Use the form on this page.'],
    [
      'a form without boundary',
      'x',
      'multipart/form-data',
      400,
      'The form did not arrive in one piece. Please try again.',
    ],
    [
      'a form cut short',
      '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nhalf',
      'multipart/form-data; boundary=b',
      400,
      'The form did not arrive in one piece. Please try again.',
    ],
    [
      'a form with a field in place of the file',
      '--b\r\nContent-Disposition: form-data; name="file"\r\n\r\ntext\r\n--b--\r\n',
      'multipart/form-data; boundary=b',
      400,
      'No file was chosen. Choose a text file first, then upload it.',
    ],
  ]
  for (const [what, body, type, status, message] of forms) {
    test(`a body that is not the form: ${what}`, async () => {
      const answer = await visitor(demo.url).post(body, { 'content-type': type })
      assert.equal(problemOn(answer), message)
      assert.equal(answer.status, status)
    })
  }

  const names: readonly (readonly [what: string, sent: string, shown: string])[] = [
    ['markup', '<img src=x onerror=alert(1)>".txt', '<img src=x onerror=alert(1)>".txt'],
    ['a path', '../../../etc/cron.d/evil', '../../../etc/cron.d/evil'],
    ['a Windows path', 'C:\\Users\\me\\notes.txt', 'C:\\Users\\me\\notes.txt'],
    ['line ends and control characters', 'a\r\nSet-Cookie: x=y\u0000\u001b.txt', 'a Set-Cookie: x=y .txt'],
    ['five thousand characters', '🧥'.repeat(5000 / 2), `${'🧥'.repeat(254)}…`],
    ['every script', 'naïve 日本.txt', 'naïve 日本.txt'],
  ]
  for (const [what, sent, expected] of names) {
    test(`a file name is shown as text and is no path: ${what}`, async () => {
      const someone = visitor(demo.url)
      const records = recordsIn(folder.path)
      await someone.upload('x', sent)
      const page = await someone.get('/')
      assert.equal(lastUploadOn(page)?.name, expected)
      assert.doesNotMatch(mainOf(page), /<img/)
      assert.doesNotMatch(mainOf(await someone.get('/upload')), /<img/)
      assert.equal(recordsIn(folder.path), records + 1)
    })
  }

  test('a body that is too large is answered while it is still coming', async () => {
    const { sending, answer } = slowUpload(demo.url)
    sending.write(Buffer.alloc(LARGEST_FILE + 20_000, 'a'))
    const response = await answer
    assert.equal(response.statusCode, 413)
    sending.destroy()
  })

  test('a client that hangs up in the middle harms nobody and logs nothing', async () => {
    const { sending, answer } = slowUpload(demo.url, { expect: '100-continue' })
    await once(sending, 'continue')
    sending.destroy()
    await assert.rejects(answer)
    const someone = visitor(demo.url)
    await someone.upload('still here\n')
    assert.deepEqual(linesOn(await someone.get('/upload')), ['still here'])
  })

  test('another site cannot upload in the name of a visitor, nor replace their cookie', async () => {
    const headers: Record<string, string>[] = [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://elsewhere.example' },
      { origin: 'null' },
    ]
    for (const from of headers) {
      const answer = await visitor(demo.url).upload('x', 'x.txt', from)
      assert.equal(answer.status, 403)
      assert.equal(problemOn(answer), 'Another website sent this form, so it was not taken. Use the form on this site.')
      assert.deepEqual(answer.headers.getSetCookie(), [])
    }
    for (const from of [{ 'sec-fetch-site': 'same-origin' }, { origin: new URL(demo.url).origin }]) {
      assert.equal((await visitor(demo.url).upload('x', 'x.txt', from)).status, 303)
    }
  })

  test('who uploads nothing gets no cookie and costs no record', async () => {
    const records = recordsIn(folder.path)
    for (const path of ['/', '/upload', '/name', '/cart', '/where', '/style.css', '/nothing-here']) {
      const page = await visitor(demo.url).get(path)
      assert.deepEqual(page.headers.getSetCookie(), [], path)
    }
    assert.equal(recordsIn(folder.path), records)
  })

  test('the lines without an upload, an unknown address and a broken one: a page with the fitting status', async () => {
    const pages: readonly (readonly [string, number, RegExp])[] = [
      ['/upload', 404, /Nothing uploaded yet/],
      ['/nothing-here', 404, /No such page/],
      ['/%', 404, /No such page/],
    ]
    for (const [path, status, message] of pages) {
      const page = await visitor(demo.url).get(path)
      assert.equal(page.status, status)
      assert.match(page.html, message)
      assert.match(page.headers.get('content-type') ?? '', /^text\/html/)
    }
  })

  test('no cache keeps a page, no foreign script runs in it, no other site frames it', async () => {
    const { headers } = await visitor(demo.url).get('/')
    assert.equal(headers.get('cache-control'), 'no-store')
    assert.match(
      headers.get('content-security-policy') ?? '',
      /^default-src 'none'; script-src 'self'; .*frame-ancestors 'none'$/,
    )
    assert.doesNotMatch(headers.get('content-security-policy') ?? '', /unsafe|https?:|\*/)
    assert.equal(headers.get('x-content-type-options'), 'nosniff')
    assert.equal(headers.get('x-powered-by'), null)
  })
})

function countOf(lines: number): RegExp {
  return new RegExp(`^\\(${lines.toLocaleString('en')} line${lines === 1 ? '' : 's'}, `)
}

/** An upload whose body is sent by hand. */
function slowUpload(
  url: string,
  more: OutgoingHttpHeaders = {},
): { sending: ClientRequest; answer: Promise<IncomingMessage> } {
  const headers = { ...more, 'content-type': 'multipart/form-data; boundary=b' }
  const sending = request(new URL('/upload', url), { method: 'POST', headers })
  sending.write('--b\r\nContent-Disposition: form-data; name="file"; filename="slow.txt"\r\n\r\n')
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    sending.on('response', (response) => resolve(response.resume()))
    sending.on('error', reject)
  })
  return { sending, answer }
}
