/** A worker that runs the parts in itself: `GET /PART`, or `/` for all, answers a line of JSON for each case. */
import { dispatch, listenInside } from './listen-inside.ts'
import { partsEverywhere } from './parts.ts'
import { runParts } from './run-parts.ts'

const parts = partsEverywhere(listenInside, { sockets: false })

const outside = globalThis.fetch
globalThis.fetch = (input, init) => dispatch(input, init) ?? outside(input, init)

export default {
  fetch(request: Request): Response {
    const part = decodeURIComponent(new URL(request.url).pathname.slice(1))
    const lines = new TransformStream<Uint8Array, Uint8Array>()
    const writer = lines.writable.getWriter()
    const say = (text: string): void => void writer.write(new TextEncoder().encode(`${text}\n`))
    runParts(parts, part === '' ? [] : [part], say).then(
      () => writer.close(),
      (error: unknown) => writer.abort(error),
    )
    return new Response(lines.readable)
  },
}
