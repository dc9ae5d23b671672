/**
 * Who is measured, and against whom. A contender is one file of its name: ours and the hand-written ones in
 * `contenders/`, other libraries' in `../peers/`, with Flask's and PHP's in a folder of their own there.
 */
export interface Contender {
  readonly name: string
  /** What serves it. Default `node`. */
  readonly platform?: 'node' | 'flask' | 'php'
  readonly title: string
  /** The framework without any session: what it adds is counted from there. */
  readonly floor: string
  /** The hand-written handler on the same framework and store, where there is one. */
  readonly limit?: string
  readonly store: 'redis' | 'postgres' | 'memcached' | 'file' | 'memory' | 'cookie' | 'none'
  /** A library that is not ours; its packages are installed in `../peers`. */
  readonly peer?: boolean
  /** Part of `--quick`. */
  readonly quick?: boolean
}

const FRAMEWORKS = ['node', 'express', 'fastify', 'hono', 'koa'] as const
const TITLES = { node: 'node:http', express: 'Express', fastify: 'Fastify', hono: 'Hono', koa: 'Koa' } as const
const QUICK: ReadonlySet<string> = new Set(['node', 'express'])

const floors = FRAMEWORKS.map((framework): Contender => ({
  name: `${framework}-floor`,
  title: `${TITLES[framework]}, no sessions`,
  floor: `${framework}-floor`,
  store: 'none',
  quick: QUICK.has(framework),
}))

const limits = FRAMEWORKS.map((framework): Contender => ({
  name: `${framework}-raw-redis`,
  title: `${TITLES[framework]} + raw GET / GET+SET`,
  floor: `${framework}-floor`,
  limit: `${framework}-raw-redis`,
  store: 'redis',
  quick: framework === 'node',
}))

const rawPostgres: Contender = {
  name: 'express-raw-postgres',
  title: 'Express + raw SELECT / SELECT+UPDATE',
  floor: 'express-floor',
  limit: 'express-raw-postgres',
  store: 'postgres',
}

const own = FRAMEWORKS.map((framework): Contender => ({
  name: `coatcheck-${framework}-redis`,
  title: `Coatcheck on ${TITLES[framework]}, Redis`,
  floor: `${framework}-floor`,
  limit: `${framework}-raw-redis`,
  store: 'redis',
  quick: QUICK.has(framework),
}))

const ownOnOtherStores = (['memory', 'file', 'postgres'] as const).flatMap((store): Contender[] => [
  { name: `coatcheck-node-${store}`, title: `Coatcheck on node:http, ${store}`, floor: 'node-floor', store },
  { name: `coatcheck-express-${store}`, title: `Coatcheck on Express, ${store}`, floor: 'express-floor', store },
])

const ownElsewhere: readonly Contender[] = [
  {
    name: 'coatcheck-node-redis-lazy',
    title: 'Coatcheck on node:http, lazy, Redis',
    floor: 'node-floor',
    limit: 'node-raw-redis',
    store: 'redis',
  },
  {
    name: 'coatcheck-node-memcached',
    title: 'Coatcheck on node:http, Memcached',
    floor: 'node-floor',
    store: 'memcached',
  },
  { name: 'coatcheck-node-cookie', title: 'Coatcheck on node:http, cookie', floor: 'node-floor', store: 'cookie' },
]

const peers = (
  [
    {
      name: 'express-session-redis',
      title: 'express-session + connect-redis',
      floor: 'express-floor',
      limit: 'express-raw-redis',
      store: 'redis',
      quick: true,
    },
    {
      name: 'express-session-memory',
      title: 'express-session, its memory store',
      floor: 'express-floor',
      store: 'memory',
    },
    {
      name: 'express-session-file',
      title: 'express-session + session-file-store',
      floor: 'express-floor',
      store: 'file',
    },
    {
      name: 'express-session-postgres',
      title: 'express-session + connect-pg-simple',
      floor: 'express-floor',
      store: 'postgres',
    },
    {
      name: 'fastify-session-redis',
      title: '@fastify/session + connect-redis',
      floor: 'fastify-floor',
      limit: 'fastify-raw-redis',
      store: 'redis',
    },
    { name: 'fastify-secure-session', title: '@fastify/secure-session', floor: 'fastify-floor', store: 'cookie' },
    {
      name: 'koa-session-redis',
      title: 'koa-session + Redis',
      floor: 'koa-floor',
      limit: 'koa-raw-redis',
      store: 'redis',
    },
    { name: 'koa-session-cookie', title: 'koa-session, signed cookie', floor: 'koa-floor', store: 'cookie' },
    {
      name: 'hono-sessions-redis',
      title: 'hono-sessions + Redis',
      floor: 'hono-floor',
      limit: 'hono-raw-redis',
      store: 'redis',
    },
    { name: 'iron-session', title: 'iron-session on node:http', floor: 'node-floor', store: 'cookie' },
  ] satisfies Contender[]
).map((contender): Contender => ({ ...contender, peer: true }))

const otherLanguages: readonly Contender[] = [
  { name: 'flask_floor', title: 'Flask, no sessions', platform: 'flask', floor: 'flask_floor', store: 'none' },
  {
    name: 'flask_raw_redis',
    title: 'Flask + raw GET / GET+SET',
    platform: 'flask',
    floor: 'flask_floor',
    limit: 'flask_raw_redis',
    store: 'redis',
  },
  {
    name: 'flask_session_redis',
    title: 'Flask-Session 0.8, Redis',
    platform: 'flask',
    floor: 'flask_floor',
    limit: 'flask_raw_redis',
    store: 'redis',
  },
  {
    name: 'flask_session_file',
    title: 'Flask-Session 0.8, files (threshold 500)',
    platform: 'flask',
    floor: 'flask_floor',
    store: 'file',
  },
  { name: 'php-floor', title: 'PHP, no sessions', platform: 'php', floor: 'php-floor', store: 'none' },
  { name: 'php-files', title: 'PHP sessions, files', platform: 'php', floor: 'php-floor', store: 'file' },
  { name: 'php-redis', title: 'PHP sessions, Redis', platform: 'php', floor: 'php-floor', store: 'redis' },
]

export const contenders: readonly Contender[] = [
  ...floors,
  ...limits,
  rawPostgres,
  ...own,
  ...ownOnOtherStores,
  ...ownElsewhere,
  ...peers,
  ...otherLanguages,
]

/** The contenders whose names contain one of these parts, or all. */
export function contendersNamed(parts: readonly string[] | undefined): readonly Contender[] {
  return contenders.filter(({ name }) => !parts || parts.some((part) => name.includes(part)))
}
