/** What visitors of the demo send: files, forms, whatever else arrives at their addresses. */
/* oxlint-disable unicorn/no-useless-spread -- several words to a line: a list of one each would be all there is to see */
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import type { IncomingMessage } from 'node:http'
import { linesOf } from '../../../demo/text.ts'
import { LARGEST_FILE, receiveUpload } from '../../../demo/upload.ts'
import { serve } from '../../demo/serve.ts'
import { must } from '../target.ts'
import type { FuzzTarget } from '../target.ts'
import { valueOf } from '../values.ts'

const EDGE = 'X'
const part = (name: string, file: string, content: string): string =>
  `--${EDGE}\r\nContent-Disposition: form-data; name="${name}"; filename="${file}"\r\nContent-Type: text/plain\r\n\r\n${content}\r\n`
const TYPE = `multipart/form-data; boundary=${EDGE}`
const FORM = `${part('file', 'a.txt', 'one\r\ntwo\n')}--${EDGE}--\r\n`

const MULTIPART = [
  ...[
    `--${EDGE}`,
    `--${EDGE}--`,
    '\r\n',
    '\r\n\r\n',
    '\n',
    'Content-Disposition: form-data; name="file"',
    '; filename="a"',
    "; filename*=UTF-8''%e2%82",
    'name=',
  ],
  ...[
    'Content-Transfer-Encoding: base64',
    'Content-Type: text/plain; charset=utf-16',
    '"',
    '%22',
    '\\"',
    '\xff\xfe',
    '\xef\xbb\xbf',
    '\0',
    'boundary=',
    'boundary="X"',
  ],
]

/** The body of an upload, its type in the first line: read as the demo reads it, without a network in between. */
export function upload(): FuzzTarget {
  const input = (body: string, type = TYPE): string => `${type}\n${body}`
  return {
    name: 'upload',
    covers: ['demo/upload.ts', 'demo/text.ts'],
    form: 'text',
    words: MULTIPART,
    seeds: [
      input(FORM),
      input(part('file', '', '') + FORM),
      input(FORM.slice(0, -9)),
      input(part('other', 'b', 'x') + FORM.replace('one', '\xef\xbb\xbfz\xc3\xa4')),
      input('file=x', 'application/x-www-form-urlencoded'),
    ],
    growing: {
      'a long line': (size) => input(part('file', 'a', 'a'.repeat(size))),
      'many line ends': (size) => input(part('file', 'a', '\r\n'.repeat(size))),
      'nearly boundaries': (size) => input(part('file', 'a', `\r\n--`.repeat(size / 2))),
      'many parts': (size) => input(`${part('file', 'a', 'a').repeat(size / 128)}--${EDGE}--`),
      'many headers': (size) => input(FORM.replace('\r\n\r\n', `\r\n${'A: b\r\n'.repeat(size / 4)}\r\n`)),
      'a long name': (size) => input(FORM.replace('a.txt', ' \t'.repeat(size / 2))),
      'a long type': (size) => input(FORM, `${TYPE};${' '.repeat(size)}`),
      'a type of semicolons': (size) => input(FORM, `multipart/form-data${'; a="'.repeat(size)}`),
    },

    async run(text) {
      const [, type = '', body = ''] = /^([^\n]*)\n?(.*)$/s.exec(text) ?? []
      const bytes = Buffer.from(body, 'latin1')
      // In pieces, since that is how bodies come; what is read of a request is its type and its bytes.
      const chunks = [bytes.subarray(0, bytes.length >> 1), bytes.subarray(bytes.length >> 1)].filter(
        ({ length }) => length > 0,
      )
      const request = Object.assign(Readable.from(chunks), { headers: { 'content-type': type } })
      const received = await receiveUpload(request as unknown as IncomingMessage)
      if ('refusal' in received) return must(typeof received.refusal === 'string', 'refused for no reason')
      must(
        received.text.length > 0 && received.text.length <= LARGEST_FILE,
        `${received.text.length} characters were kept`,
      )
      must(received.text.isWellFormed() && !received.text.includes('\0'), 'what is kept is no text')
      must(Array.from(received.name).length <= 255 && !/\p{Cc}/u.test(received.name), 'a name that cannot be shown')
      must(linesOf(received.text).join('').length <= received.text.length, 'more lines than there were')
    },
  }
}

/** Whole requests, as bytes on the wire: truncated ones too. */
export async function demo(): Promise<FuzzTarget> {
  const site = await serve({ SESSION_STORE: 'memory:' })
  const { hostname, port } = new URL(site.url)
  let cookie = ''
  const request = (path: string, type: string, body: string, more = 0): string =>
    JSON.stringify({ path, type, body, more })

  /** Send it, and read all of the answer. The server hangs up after each; so do we, when more was promised. */
  function answerTo(head: readonly string[], body: Buffer, hangUp: boolean): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname)
      const chunks: Buffer[] = []
      socket.on('error', (error) =>
        'code' in error && ['ECONNRESET', 'EPIPE'].includes(String(error.code)) ? undefined : reject(error),
      )
      socket.on('data', (chunk) => chunks.push(chunk))
      socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')))
      socket.write(Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'))
      socket.write(body)
      if (hangUp) socket.end()
    })
  }

  return {
    name: 'demo',
    covers: [
      'demo/upload.ts',
      'demo/text.ts',
      'demo/form.ts',
      'demo/pages/',
      'demo/failure.ts',
      'demo/same-site.ts',
      'src/adapters/express.ts',
    ],
    form: 'json',
    words: [
      ...[
        '/upload',
        '/name',
        '/name/logout',
        '/cart',
        '/cart/gift',
        '/visits',
        '/where',
        '/',
        'path',
        'type',
        'body',
        'more',
        'name=',
        'article=Coat',
      ],
      ...[
        'by=-1',
        'wrapped=on',
        'text=',
        '__proto__=1',
        'name[]=1',
        '&',
        '=',
        '%',
        '%00',
        '%ff',
        '+',
        'application/x-www-form-urlencoded',
      ],
      ...['; charset=utf-16', '; charset=x', 'text/plain', 'gzip', TYPE, ...MULTIPART],
    ],
    seeds: [
      request('/upload', TYPE, FORM),
      request('/upload', TYPE, FORM.slice(0, 60), 100),
      request('/name', 'application/x-www-form-urlencoded', 'name=ada'),
      request('/cart', 'application/x-www-form-urlencoded', 'article=Coat&by=1'),
      request('/cart/gift', 'application/x-www-form-urlencoded', 'wrapped=on&text=%C3%A4'),
      request('/name/logout', 'application/x-www-form-urlencoded; charset=x', ''),
      request('/cart', 'application/x-www-form-urlencoded', `a=${'b'.repeat(5000)}`, 30_000),
    ],
    growing: {
      'a large file': (size) => request('/upload', TYPE, part('file', 'a', 'a\n'.repeat(size))),
      'many fields': (size) => request('/cart', 'application/x-www-form-urlencoded', 'a=b&'.repeat(size / 16)),
      'a long field': (size) =>
        request('/name', 'application/x-www-form-urlencoded', `name=${'%20'.repeat(size / 32)}`),
    },

    async run(input) {
      const { path, type, body, more } = Object(valueOf(input)) as Record<string, unknown>
      const bytes = Buffer.from(typeof body === 'string' ? body : '', 'latin1')
      const plain = (value: unknown): string => (typeof value === 'string' ? value.replace(/[^\x20-\x7e]/g, '') : '')
      const at = `/${plain(path)
        .replace(/[ #\\]/g, '')
        .replace(/^\/+/, '')}`
      const promised = bytes.length + (typeof more === 'number' && more > 0 && more < 1e6 ? Math.floor(more) : 0)
      const head = [
        `POST ${at} HTTP/1.1`,
        `Host: ${hostname}:${port}`,
        'Connection: close',
        `Content-Type: ${plain(type)}`,
        `Content-Length: ${promised}`,
        ...(cookie === '' ? [] : [`Cookie: ${cookie}`]),
      ]
      const answer = await answerTo(head, bytes, promised > bytes.length)
      // Who hangs up in the middle may be told nothing.
      if (answer === '' && promised > bytes.length) return
      const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1])
      must(status >= 200 && status < 500, `the answer is ${status}: ${answer.slice(0, 300)}`)
      const [first = ''] = /^set-cookie: .*$/im.exec(answer) ?? []
      must(
        first === '' || /^set-cookie: id=[\w-]{43}; [\x20-\x7e]*$/i.test(first.trimEnd()),
        `a strange cookie: ${first}`,
      )
      cookie = /id=[\w-]{43}/.exec(first)?.[0] ?? cookie
    },
    stop: () => site.stop(),
  }
}
