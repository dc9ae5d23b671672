/**
 * The body of a response that is whole already; undefined where only a stream can tell.
 *
 * Hono's server for Node puts a class of its own in place of `Response`. It keeps status, body and headers in a list,
 * under a symbol, and sends them from there, unless somebody asks for more than the status and the headers: `body`
 * makes it a real Response with a stream, which costs more than the rest of a small request. So the list is looked
 * into, which nobody promises to be there, and whatever looks different is asked for its `body`.
 */
export function wholeBody(response: Response): string | Uint8Array<ArrayBuffer> | null | undefined {
  for (const symbol of Object.getOwnPropertySymbols(response)) {
    if (symbol.description !== 'cache') continue
    const kept: unknown = Reflect.get(response, symbol)
    if (!Array.isArray(kept) || kept.length !== 3 || kept[0] !== response.status) return undefined
    const body: unknown = kept[1]
    return body === null || typeof body === 'string' || isBytes(body) ? body : undefined
  }
  return undefined
}

function isBytes(body: unknown): body is Uint8Array<ArrayBuffer> {
  return body instanceof Uint8Array
}
