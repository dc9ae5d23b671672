import { SessionError } from '../errors.ts'

/** What the store uses of a client of Redis or Valkey: any of node-redis or ioredis. */
export type RedisClient = NodeRedisClient | NodeRedisSentinel | NodeRedisCluster | IoredisClient | IoredisCluster

/** node-redis: what `createClient()` or `createClientPool()` gives. */
export interface NodeRedisClient {
  sendCommand(args: string[], options?: NodeRedisOptions): Promise<unknown>
}

/**
 * node-redis: what `createSentinel()` gives. It needs `reserveClient: true`: without it, commands that begin at once may
 * each take a connection of the pool for good, until all wait for ever (`#masterClientInfo ??= await …` in 5 and 6).
 */
export interface NodeRedisSentinel {
  sendCommand(isReadonly: boolean, args: string[], options?: NodeRedisOptions): Promise<unknown>
  /** Only there to tell it from the others. */
  getMasterNode(): unknown
}

/** node-redis: what `createCluster()` gives. */
export interface NodeRedisCluster {
  sendCommand(firstKey: string, isReadonly: boolean, args: string[], options?: NodeRedisOptions): Promise<unknown>
  readonly masters: readonly NodeRedisMaster[]
  nodeClient(node: NodeRedisMaster): NodeRedisClient | Promise<NodeRedisClient>
}

/** node-redis: one master of a cluster. */
export interface NodeRedisMaster {
  readonly address: string
}

/**
 * node-redis: an empty mapping undoes the application's, which may turn texts into Buffers. `timeout` is how many
 * milliseconds a command may wait to be sent; 0 for as long as it takes.
 */
export interface NodeRedisOptions {
  readonly typeMapping: Readonly<Record<string, never>>
  readonly timeout?: number
}

/** ioredis: a `Redis`, with Sentinels or without. */
export interface IoredisClient {
  call(command: string, ...args: string[]): Promise<unknown>
  readonly options?: { readonly keyPrefix?: string | Uint8Array | undefined }
}

/** ioredis: a `Cluster`. */
export interface IoredisCluster extends IoredisClient {
  nodes(role: 'master'): readonly IoredisClient[]
  readonly options?: { readonly keyPrefix?: string | Uint8Array | undefined; readonly scaleReads?: unknown }
}

/** One command, its name first; resolves to the reply as texts, numbers, nulls and arrays of them. */
export type RedisCall = (command: string[]) => Promise<unknown>

/** A client of any kind. Every command is answered by a master. */
export interface RedisConnection {
  /** A command that writes, or runs a script: its reply is a master's by itself. `key` routes it in a cluster. */
  readonly write: (key: string, command: string[]) => Promise<unknown>
  /** A command that only reads. Undefined when the client would send it to a replica: then a script has to read. */
  readonly read: RedisConnection['write'] | undefined
  /** One call for every master, for what has no key. */
  readonly masters: () => Promise<readonly RedisCall[]>
  /** What the client itself puts before every key that it knows to be one. */
  readonly keyPrefix: string
}

/** One shape for every client. @throws SessionError `bad_option` for anything else. */
export function redisConnection(client: RedisClient): RedisConnection {
  // ioredis has a sendCommand() too, of another kind, so it is asked for first.
  if (has(client, 'call')) return has(client, 'nodes') ? fromIoredisCluster(client) : fromIoredis(client)
  if (has(client, 'nodeClient')) return fromNodeRedisCluster(client)
  if (has(client, 'getMasterNode')) return fromNodeRedisSentinel(client)
  if (has(client, 'sendCommand')) return fromNodeRedis(client)
  throw new SessionError(
    'bad_option',
    'redisStore() takes what createClient(), createSentinel() or createCluster() of redis gives, or a Redis or ' +
      'Cluster of ioredis',
  )
}

function has<Client extends RedisClient, Name extends string>(
  client: Client,
  name: Name,
): client is Extract<Client, Record<Name, unknown>> {
  // A function has a call() of its own.
  return (
    typeof client === 'object' && client !== null && name in client && typeof Reflect.get(client, name) === 'function'
  )
}

const AS_TEXT: NodeRedisOptions = { typeMapping: {} }
const AS_TEXT_UNTIMED: NodeRedisOptions = { typeMapping: {}, timeout: 0 }

/** How many commands may be under way without a timer of the client's. */
const MOST_UNTIMED = 256

/**
 * node-redis gives every command an `AbortSignal.timeout()`, to give up what it could not send (5 s by default): half of
 * the CPU that a command costs it. Calls of a store are bounded in time above it anyway, so they go without, as long as
 * few are under way. When many are, they may be piling up in a client whose connection hangs, and only its timers take
 * them out again.
 */
function mostlyUntimed<Args extends unknown[]>(
  send: (options: NodeRedisOptions, ...args: Args) => Promise<unknown>,
): (...args: Args) => Promise<unknown> {
  let underWay = 0
  const settle = (): void => void (underWay -= 1)
  return (...args) => {
    const reply = send(underWay < MOST_UNTIMED ? AS_TEXT_UNTIMED : AS_TEXT, ...args)
    underWay += 1
    // On the side: nobody's answer waits for the count.
    reply.then(settle, settle)
    return reply
  }
}

function fromNodeRedis(client: NodeRedisClient): RedisConnection {
  return single(mostlyUntimed((options, command: string[]) => client.sendCommand(command, options)))
}

function fromNodeRedisSentinel(client: NodeRedisSentinel): RedisConnection {
  return single(mostlyUntimed((options, command: string[]) => client.sendCommand(false, command, options)))
}

function fromNodeRedisCluster(client: NodeRedisCluster): RedisConnection {
  // Said to be no reading command, so that the master answers it whatever `useReplicas` says.
  const send = mostlyUntimed((options, key: string, command: string[]) =>
    client.sendCommand(key, false, command, options),
  )
  return {
    write: send,
    read: send,
    masters: () =>
      Promise.all(
        client.masters.map(async (master): Promise<RedisCall> => {
          const node = await client.nodeClient(master)
          return (command) => node.sendCommand(command, AS_TEXT)
        }),
      ),
    keyPrefix: '',
  }
}

function fromIoredis(client: IoredisClient): RedisConnection {
  return { ...single(ioredisCall(client)), keyPrefix: keyPrefixOf(client) }
}

function fromIoredisCluster(client: IoredisCluster): RedisConnection {
  const call = ioredisCall(client)
  const send: RedisConnection['write'] = (_key, command) => call(command)
  return {
    write: send,
    read: (client.options?.scaleReads ?? 'master') === 'master' ? send : undefined,
    masters: async () => client.nodes('master').map(ioredisCall),
    keyPrefix: keyPrefixOf(client),
  }
}

function single(call: RedisCall): RedisConnection {
  const send: RedisConnection['write'] = (_key, command) => call(command)
  return { write: send, read: send, masters: async () => [call], keyPrefix: '' }
}

function ioredisCall(client: IoredisClient): RedisCall {
  return async ([name = '', ...args]) => {
    try {
      return await client.call(name, ...args)
    } catch (error) {
      throw withoutArguments(error)
    }
  }
}

/** ioredis hangs the whole command on its errors, and logs print it: a visitor's data does not belong there. */
function withoutArguments(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  for (const inner of [error, 'lastNodeError' in error ? error.lastNodeError : undefined])
    if (inner instanceof Error && 'command' in inner) inner.command = nameOf(inner.command)
  return error
}

function nameOf(command: unknown): { readonly name: string } {
  const name = typeof command === 'object' && command !== null && 'name' in command ? command.name : command
  return { name: String(name) }
}

function keyPrefixOf({ options }: IoredisClient): string {
  const prefix = options?.keyPrefix ?? ''
  return typeof prefix === 'string' ? prefix : new TextDecoder().decode(prefix)
}
