/** Who is measured, and against whom. A contender is one file of its name, in `contenders/` or `../peers/`. */
export interface Contender {
  readonly name: string
  readonly title: string
  /** The framework without any session: what it adds is counted from there. */
  readonly floor: string
  /** The hand-written handler on the same framework and store, where there is one. */
  readonly limit?: string
  readonly store: 'redis' | 'postgres' | 'file' | 'memory' | 'cookie' | 'none'
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

export const contenders: readonly Contender[] = [...floors, ...limits, ...own, ...ownOnOtherStores, ...peers]
