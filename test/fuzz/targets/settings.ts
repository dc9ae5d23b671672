/** What operators and applications set: durations, options, store URLs, Flask's configuration. */
/* oxlint-disable unicorn/no-useless-spread -- several words to a line: a list of one each would be all there is to see */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve, sep } from 'node:path'
import { isMainThread } from 'node:worker_threads'
import { fromFlaskConfig } from '../../../src/flask/config.ts'
import { fromPrefixedEnv } from '../../../src/flask/environment.ts'
import { flaskSettings } from '../../../src/flask/settings.ts'
import { timedelta } from '../../../src/flask/timedelta.ts'
import { duration, inWords, milliseconds } from '../../../src/options/duration.ts'
import { createSessions } from '../../../src/sessions.ts'
import type { SessionsOptions } from '../../../src/options/options.ts'
import { hostsOf } from '../../../src/stores/open-hosts.ts'
import { parseStoreUrl, serverUrl } from '../../../src/stores/open-url.ts'
import { openStore } from '../../../src/stores/open.ts'
import { must, outcomeOf, OWN, settled } from '../target.ts'
import type { FuzzTarget } from '../target.ts'
import { SPECIAL, valueOf } from '../values.ts'

const THOUSAND_YEARS = 1000 * 366 * 86_400_000

/** Lengths of time, ours and Python's. */
export function durations(): FuzzTarget {
  return {
    name: 'durations',
    covers: ['src/options/duration.ts', 'src/flask/timedelta.ts'],
    form: 'json',
    words: [
      'ms',
      's',
      'm',
      'h',
      'd',
      'w',
      '.',
      '31d',
      'P31D',
      'PT12H',
      '31 days, 0:00:00',
      'days',
      'hours',
      'seconds',
      ...SPECIAL,
    ],
    seeds: ['30m', '1.5h', 'P1DT2H3M4.5S', '1 day, 2:03:04', '{"days":31,"seconds":1}', '2678400', '[]', '"!bigint"'],
    growing: {
      digits: (size) => '9'.repeat(size),
      'digits after a dot': (size) => `1.${'9'.repeat(size)}x`,
      'parts of a period': (size) => `P${'1D'.repeat(size)}`,
      blanks: (size) => `${' '.repeat(size)}x`,
      'days and days': (size) => '1 day, '.repeat(size),
    },
    run(input) {
      const value = valueOf(input)
      for (const each of [input, value]) {
        const outcome = outcomeOf(() => milliseconds(each, 'lifetime'))
        if ('refused' in outcome) must(outcome.refused.code === 'bad_option', `refused by ${outcome.refused.code}`)
        else {
          must(
            Number.isInteger(outcome.result) && outcome.result > 0 && outcome.result <= THOUSAND_YEARS,
            `${outcome.result} ms`,
          )
          must(milliseconds(`${outcome.result}ms`, 'again') === outcome.result, 'in milliseconds it is another')
          must(inWords(outcome.result).length < 60, 'many words')
        }
        const python = outcomeOf(() => timedelta(each))
        must('result' in python || python.refused === OWN, 'timedelta() refuses by an error')
        if ('result' in python && python.result !== undefined) duration(python.result)
      }
    },
  }
}

/** The options of `createSessions()`: refused, or good for a session. */
export function options(): FuzzTarget {
  return {
    name: 'options',
    covers: [
      'src/options/',
      'src/cookie/cookie-rules.ts',
      'src/cookie/clear-site-data.ts',
      'src/operating/describe.ts',
    ],
    form: 'json',
    words: [
      ...[
        'store',
        'lifetime',
        'absoluteLifetime',
        'renewAfter',
        'renewGrace',
        'permanent',
        'ownerLimit',
        'cookie',
        'clearSiteData',
      ],
      ...[
        'onConflict',
        'onStoreError',
        'requestInfo',
        'logKey',
        'storeTimeout',
        'dropChangesOnError',
        'sweepEvery',
        'clock',
      ],
      ...[
        'randomBytes',
        'schema',
        'onInvalid',
        'browser',
        'sessions',
        'policy',
        'end-oldest',
        'refuse',
        'ours',
        'theirs',
        'error',
      ],
      ...[
        'anonymous',
        'drop',
        '1ms',
        '30m',
        '31d',
        '1000000w',
        'storage',
        'cookies',
        '*',
        'name',
        'path',
        'secure',
        ...SPECIAL,
      ],
    ],
    seeds: [
      '{"lifetime":"30m","absoluteLifetime":"12h","permanent":false,"cookie":{"name":"sid","secure":true}}',
      '{"lifetime":{"permanent":"31d","browser":"1d"},"renewAfter":"1h","renewGrace":"30s","ownerLimit":{"sessions":5,"policy":"refuse"}}',
      '{"clearSiteData":["cache","storage"],"onConflict":"theirs","onStoreError":"anonymous","storeTimeout":"1s","sweepEvery":false}',
      '{"schema":"!schema","onInvalid":"drop","clock":"!clock","randomBytes":"!random","logKey":"0123456789abcdef","store":"!store"}',
    ],
    growing: {
      'many options': (size) =>
        JSON.stringify(Object.fromEntries(Array.from({ length: size / 8 }, (_, at) => [`k${at}`, at]))),
    },
    async run(input) {
      const given = valueOf(input)
      // A store that leads nowhere is not for this target; the default one makes a folder.
      const withStore =
        typeof given === 'object' && given !== null && !('store' in given)
          ? { ...given, store: valueOf('"!store"') }
          : given
      if (withStore === undefined) return
      const made = outcomeOf(() => createSessions(withStore as SessionsOptions))
      if ('refused' in made)
        return must(['bad_option', 'cannot'].includes(made.refused.code), `refused by ${made.refused.code}`)
      const { result: sessions } = made
      must(sessions.describe().length > 100, 'there is nothing to describe')
      await settled(async () => {
        const session = await sessions.open({ cookie: undefined, secure: true })
        session.data['a'] = 1
        await sessions.commit(session)
      })
      await settled(() => sessions.close())
    },
  }
}

/** A folder to work in. Nothing that is fuzzed may write anywhere else. */
function playground(): {
  readonly folder: string
  readonly holds: (path: string) => boolean
  readonly remove: () => void
} {
  const before = process.cwd()
  // A thread cannot change it: then whoever started it has.
  const folder = isMainThread ? mkdtempSync(join(tmpdir(), 'coatcheck-fuzz-')) : before
  if (isMainThread) process.chdir(folder)
  return {
    folder,
    // SQLite takes file: for a URL of its own, which may lead anywhere.
    holds: (path) => !/file:/i.test(path) && resolve(folder, path).startsWith(folder + sep),
    remove() {
      if (!isMainThread) return
      process.chdir(before)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Schemes whose clients connect when they are used, not when they are opened. */
const LAZY = ['memory', 'cookie', 'null', 'postgres', 'mysql', 'memcached', 'mongodb']

/** URLs of stores: taken apart, and opened where that leads neither to a network nor out of a folder of our own. */
export function storeUrl(): FuzzTarget {
  const place = playground()
  return {
    name: 'store-url',
    covers: [
      'src/stores/open.ts',
      'src/stores/open-url.ts',
      'src/stores/open-hosts.ts',
      'src/stores/open-schemes.ts',
      'src/stores/open-memcached.ts',
    ],
    form: 'text',
    words: [
      ...[
        'file:',
        'sqlite:',
        'memory:',
        'cookie:?key=',
        'null:',
        'postgres://',
        'mysql://',
        'redis://',
        'rediss://',
        'redis+cluster://',
      ],
      ...[
        'redis+sentinel://',
        'memcached://',
        'mongodb://',
        'mongodb+srv://',
        'postgresql://',
        'mariadb://',
        '127.0.0.1',
        '[::1]',
        ':6379',
      ],
      ...[
        'user:secret-word@',
        '?',
        '&',
        '=true',
        '=false',
        'maxSessions=',
        'fsync=',
        'table=',
        'createTable=',
        'schema=',
        'poolSize=',
      ],
      ...[
        'prefix=',
        'tls=',
        'encrypt=',
        '%',
        '%00',
        '%zz',
        '%2F',
        '..',
        '/',
        '//',
        '#',
        ',',
        '\0',
        'constructor:',
        '__proto__:',
      ],
    ],
    seeds: [
      ...[
        'file:.sessions',
        'file:a?maxSessions=5&fsync=true',
        'sqlite:sessions.db?table=a',
        'memory:?maxBytes=1000',
        'null:',
      ],
      ...[
        'cookie:?key=MDEyMzQ1Njc4OWFiY2RlZkFCQ0RFRjAxMjM0NTY3ODk=&encrypt=false',
        'postgres://user:secret-word@127.0.0.1:5432/db?schema=x&poolSize=5',
      ],
      ...[
        'mysql://user:secret-word@127.0.0.1/db?ssl=true',
        'memcached://user:secret-word@127.0.0.1,[::1]:11212?prefix=a&tls=true',
        'redis://127.0.0.1:6379/0?prefix=a',
      ],
      ...[
        'redis+sentinel://127.0.0.1:26379,127.0.0.2/mymaster',
        'mongodb://127.0.0.1/app?collection=a&maxPoolSize=5',
        'constructor:',
        '__proto__:a',
      ],
    ],
    growing: {
      'a long scheme': (size) => 'a'.repeat(size),
      'many parameters': (size) => `memory:?${'maxSessions=1&'.repeat(size / 8)}`,
      'many hosts': (size) => `redis+cluster://${'a,'.repeat(size / 8)}a/`,
      'many at-signs': (size) => `redis+cluster://${'a@'.repeat(size)}`,
      'many colons': (size) => `redis+cluster://${'a:'.repeat(size)}@a`,
      'many slashes': (size) => `redis://${'/'.repeat(size)}`,
      'many percents': (size) => `memcached://${'%41'.repeat(size)}@127.0.0.1`,
      'many dots': (size) => `redis+cluster://${'1.'.repeat(size)}x!`,
    },
    async run(url) {
      const parsed = outcomeOf(() => parseStoreUrl(url))
      must('result' in parsed, 'taking it apart is refused by an error')
      const { result: parts } = parsed
      if (parts) {
        for (const read of [() => hostsOf(parts.scheme, parts.rest, 1), () => serverUrl(parts.parameters, ['ssl'])]) {
          const outcome = outcomeOf<unknown>(read)
          if ('refused' in outcome) keepsPassword(url, outcome.refused)
        }
        const isFile = ['file', 'sqlite'].includes(parts.scheme)
        // Neither to other machines nor to the names of any: even looking one up would be asking.
        if (
          isFile
            ? !place.holds(parts.rest || '.sessions')
            : !LAZY.includes(parts.scheme) && /^(redis|mongodb)/.test(parts.scheme)
        )
          return
      }
      const opened = await settled(() => openStore(url))
      if ('refused' in opened) {
        must(['bad_option', 'store_unusable'].includes(opened.refused.code), `refused by ${opened.refused.code}`)
        return keepsPassword(url, opened.refused)
      }
      await opened.result.close?.()
    },
    stop: async () => place.remove(),
  }
}

/** Flask's configuration, from an object and from the environment. */
export function flask(): FuzzTarget {
  const place = playground()
  return {
    name: 'flask',
    covers: ['src/flask/'],
    form: 'json',
    words: [
      ...[
        'SESSION_TYPE',
        'SESSION_PERMANENT',
        'SESSION_COOKIE_NAME',
        'SESSION_COOKIE_DOMAIN',
        'SESSION_COOKIE_PATH',
        'SESSION_COOKIE_SAMESITE',
      ],
      ...[
        'SESSION_KEY_PREFIX',
        'SESSION_FILE_DIR',
        'SESSION_FILE_THRESHOLD',
        'SESSION_REDIS',
        'SESSION_MEMCACHED',
        'SESSION_MONGODB',
      ],
      ...[
        'SESSION_SQLALCHEMY',
        'SESSION_SQLALCHEMY_TABLE',
        'SESSION_SQLALCHEMY_SCHEMA',
        'SESSION_SQLALCHEMY_BIND_KEY',
        'SQLALCHEMY_BINDS',
      ],
      ...[
        'SQLALCHEMY_DATABASE_URI',
        'SESSION_CACHELIB',
        'SESSION_POSTGRESQL',
        'PERMANENT_SESSION_LIFETIME',
        'APPLICATION_ROOT',
        'SECRET_KEY',
      ],
      ...[
        'SESSION_KEY_LENGTH',
        'SESSION_ID_LENGTH',
        'session_type',
        'SESSION_TYPO',
        'FLASK_SESSION_TYPE',
        'FLASK_SQLALCHEMY_BINDS__a__url',
      ],
      ...[
        'FLASK___proto____polluted',
        'FLASK_constructor__prototype__polluted',
        'FLASK_SESSION_COOKIE_SECURE',
        'filesystem',
        'sqlalchemy',
      ],
      ...[
        'postgresql',
        'memcached',
        'cachelib',
        'null',
        'dynamodb',
        'sqlite:///a.db',
        'postgresql://user:secret-word@127.0.0.1/db',
        'mysql+pymysql://127.0.0.1/a',
      ],
      ...['127.0.0.1:11211', 'Lax', 'P31D', '31 days, 0:00:00', 'true', 'config', 'env', ...SPECIAL],
    ],
    seeds: [
      '{"config":{"SESSION_TYPE":"filesystem","SESSION_FILE_DIR":"a","SESSION_FILE_THRESHOLD":500},"env":{}}',
      '{"config":{"SESSION_TYPE":"sqlalchemy","SQLALCHEMY_DATABASE_URI":"sqlite:///a.db","SESSION_SQLALCHEMY_TABLE":"t"},"env":{}}',
      '{"config":{"SESSION_TYPE":"sqlalchemy","SESSION_SQLALCHEMY_BIND_KEY":"b","SQLALCHEMY_BINDS":{"b":{"url":"mysql+pymysql://127.0.0.1/a?charset=x"}}},"env":{}}',
      '{"config":{"SESSION_TYPE":"memcached","SESSION_MEMCACHED":["127.0.0.1:11211"]},"env":{"FLASK_PERMANENT_SESSION_LIFETIME":"{\\"days\\":31}","FLASK_SESSION_COOKIE_SECURE":"true"}}',
      '{"config":{},"env":{"FLASK_SQLALCHEMY_BINDS__a__url":"x","FLASK___proto____polluted":"1","FLASK_SESSION_TYPE":"null","HOME":"/"}}',
    ],
    growing: {
      'a long name': (size) => JSON.stringify({ config: { [`SESSION_${'A'.repeat(size)}`]: 1 } }),
      'a deep variable': (size) => JSON.stringify({ env: { [`FLASK_A${'__B'.repeat(size)}`]: '1' } }),
      'many keys': (size) =>
        JSON.stringify({
          config: Object.fromEntries(Array.from({ length: size / 8 }, (_, at) => [`OTHER_${at}`, at])),
        }),
      'a long URI': (size) =>
        JSON.stringify({
          config: { SESSION_TYPE: 'sqlalchemy', SQLALCHEMY_DATABASE_URI: `mysql://${'a@'.repeat(size)}` },
        }),
    },
    async run(input) {
      const given = Object(valueOf(input))
      const [config, env] = [Object(given['config']), Object(given['env'])]
      const variables = Object.fromEntries(
        Object.entries(env).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(name)]),
      )
      const read = outcomeOf(() => flaskSettings(fromPrefixedEnv(variables, config)))
      if ('refused' in read) return keepsPassword(input, read.refused)
      // Only what stays in the folder and off the network is opened: the rest has been read by now.
      if (
        textsIn(input).some(
          (each) =>
            /redis|mongodb|file:/i.test(each) || !place.holds(`./${pathOf(each)}`) || pathOf(each).startsWith('/'),
        )
      )
        return
      const opened = await settled(() => fromFlaskConfig(config, variables))
      if ('refused' in opened) return keepsPassword(input, opened.refused)
      const made = outcomeOf(() => createSessions({ ...opened.result.options, sweepEvery: false }))
      must('result' in made, 'it was accepted, and createSessions() refuses it')
      await settled(() => made.result.close())
    },
    stop: async () => place.remove(),
  }
}

/** What of a text could be a path, if it is a URL. */
function pathOf(text: string): string {
  return text
    .replace(/^[\w+]*:(\/\/)?/, '')
    .replace(/\?.*/s, '')
    .replace(/^\/(?!\/)/, '')
}

/** Every text in JSON, and in the JSON that a text of it may be. */
function textsIn(text: string): readonly string[] {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return [text]
  }
  const found: string[] = []
  const left: unknown[] = [json]
  while (left.length > 0) {
    const next = left.pop()
    if (typeof next === 'string') found.push(...(next === text ? [next] : [next, ...textsIn(next)]))
    else if (typeof next === 'object' && next !== null) left.push(...Object.values(next))
  }
  return found
}

/** In the place of a password it is one; as a file's name, a table's or a number's, it may be quoted. */
function keepsPassword(given: string, refused: Error): void {
  const isPassword =
    /^[\w+]+:\/\/[^/]*:secret-word@|"\w*(?:URI|URL|REDIS|MONGODB|SERVERS)\w*":"[^/"]*\/\/[^/"]*:secret-word@/
  if (isPassword.test(given) && given.split('secret-word').length === 2)
    must(!refused.message.includes('secret-word'), 'the message has the password')
}
