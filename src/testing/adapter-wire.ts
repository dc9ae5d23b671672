import { builtin } from '../runtime/platform.ts'
import { check } from './check.ts'

/** One answer as it came over the connection, bodies left aside. */
export interface WireAnswer {
  readonly status: number
  /** The lines of the head. */
  readonly head: readonly string[]
}

/**
 * Write one GET for each path at once on one connection, as a browser may that does not wait for answers (RFC 9112,
 * 9.3.2), and read to the end, for which the last of them asks.
 */
export async function pipelined(url: string, paths: readonly string[], cookie?: string): Promise<WireAnswer[]> {
  const net = builtin<typeof import('node:net')>('node:net')
  check(net !== undefined, 'this runtime has no sockets: leave out the cases that need one')
  const { hostname, port } = new URL(url)
  const requests = paths.map((path, index) =>
    [
      `GET ${path} HTTP/1.1`,
      `Host: ${hostname}`,
      ...(cookie === undefined ? [] : [`Cookie: ${cookie}`]),
      `Connection: ${index === paths.length - 1 ? 'close' : 'keep-alive'}`,
      '\r\n',
    ].join('\r\n'),
  )
  const socket = net.connect(Number(port), hostname)
  socket.setEncoding('latin1')
  socket.write(requests.join(''))
  let text = ''
  for await (const chunk of socket) text += String(chunk)
  return text
    .split(/(?=HTTP\/1\.1 \d{3} )/)
    .map((part) => part.slice(0, part.indexOf('\r\n\r\n')).split('\r\n'))
    .map((head) => ({ status: Number(head[0]?.split(' ')[1]), head }))
}
