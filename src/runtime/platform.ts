/**
 * Everything that differs between Node, Bun, Deno and workers, behind one file and without a `node:` import, so that
 * the core bundles for runtimes that have none. Node's modules are asked for at run time instead.
 */
interface NodeProcess {
  readonly env?: Record<string, string | undefined>
  getBuiltinModule?(name: string): unknown
  emitWarning?(message: string, options: { code: string; detail?: string }): void
}

interface NodeCrypto {
  hash?(algorithm: string, data: string, encoding: 'hex'): string
  createHmac(algorithm: string, key: Uint8Array): { update(text: string): { digest(encoding: 'hex'): string } }
}

interface NodeBufferType {
  from(bytes: ArrayBufferLike, offset: number, length: number): { toString(encoding: 'base64url'): string }
}

/** The part of a `diagnostics_channel.Channel` that is used. */
export interface DiagnosticsChannel {
  readonly hasSubscribers: boolean
  publish(message: unknown): void
}

const host: { readonly process?: NodeProcess } = globalThis

const nodeCrypto = builtin<NodeCrypto>('node:crypto')

/** One of Node's own modules, in the shape the caller knows it by; undefined where the runtime has none. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller names the documented shape
export function builtin<Module>(name: string): Module | undefined {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return host.process?.getBuiltinModule?.(name) as Module | undefined
}

/** An environment variable; undefined where there is no environment. */
export function environment(name: string): string | undefined {
  return host.process?.env?.[name]
}

/** Whether {@link sha256} answers at once. WebCrypto, all that workers have, only answers later. */
export const hashesAtOnce: boolean = nodeCrypto?.hash !== undefined

/** SHA-256 of the UTF-8 bytes, as 64 lower-case hex digits. */
export function sha256(text: string): string | Promise<string> {
  return nodeCrypto?.hash ? nodeCrypto.hash('sha256', text, 'hex') : sha256Later(text)
}

async function sha256Later(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return hex(digest)
}

/** HMAC-SHA-256 (RFC 2104) of the UTF-8 bytes, as 64 lower-case hex digits; at once where {@link hashesAtOnce}. */
export function hmacSha256(key: Uint8Array, text: string): string | Promise<string> {
  if (nodeCrypto && hashesAtOnce) return nodeCrypto.createHmac('sha256', key).update(text).digest('hex')
  return hmacLater(key, text)
}

/** The same with WebCrypto, which is all that workers have. */
export async function hmacLater(key: Uint8Array, text: string): Promise<string> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const imported = await crypto.subtle.importKey('raw', new Uint8Array(key), algorithm, false, ['sign'])
  return hex(await crypto.subtle.sign('HMAC', imported, new TextEncoder().encode(text)))
}

function hex(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Bytes from the runtime's cryptographic generator (ASVS 5.0, 11.5.1). */
export function randomBytes(size: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(size))
}

/** Node's Buffer, where there is one. */
export const NodeBuffer: NodeBufferType | undefined = builtin<{ Buffer: NodeBufferType }>('node:buffer')?.Buffer

/**
 * Tell the operator something that is not an error: a process warning with a code, which Node prints once with its
 * origin and tools can catch or silence. Where there is no such channel nothing is printed: events tell the same.
 */
export function warn(code: string, message: string): void {
  host.process?.emitWarning?.(message, { code })
}

const warned = new Set<string>()

/** The same, once per process for each code: for what would repeat with every request. */
export function warnOnce(code: string, message: string): void {
  if (warned.has(code)) return
  warned.add(code)
  warn(code, message)
}

/** A channel of `diagnostics_channel`, where the runtime has them. */
export function diagnosticsChannel(name: string): DiagnosticsChannel | undefined {
  return builtin<{ channel(name: string): DiagnosticsChannel }>('node:diagnostics_channel')?.channel(name)
}
