import { sessionTypes } from './types.ts'
import type { SessionType } from './types.ts'

/** What becomes of one key of the original. `docs/from-flask-session.md` has a row for each; a test compares the two. */
export interface FlaskKey {
  /**
   * `taken over`: it sets an option here. `fixed`: there is one value here, and another one is noted or refused.
   * `no effect`: accepted and noted. `other name`: it stands for {@link FlaskKey.standsFor}.
   */
  readonly effect: 'taken over' | 'fixed' | 'no effect' | 'other name'
  /** The kind of value; a value of another kind is refused. */
  readonly kind: 'flag' | 'whole' | 'text' | 'lifetime' | 'resource'
  /** The texts that are allowed, in any case. */
  readonly among?: readonly string[]
  /** The values of `SESSION_TYPE` that read it; with any other it is noted. */
  readonly types?: readonly SessionType[]
  /** The value that is ours: nothing to note. */
  readonly same?: unknown
  /** For the note: why there is no effect. */
  readonly why?: string
  readonly standsFor?: string
  /** It may hold a password: no message quotes it. */
  readonly secret?: true
}

const DYNAMODB = 'there is no DynamoDB store'
const UNSIGNED =
  'nothing is signed: a token is 256 random bits, and counts only while the store knows it. ' +
  'To keep sessions in signed or encrypted cookies there is cookieStore(), with keys of its own'

/** Every key of Flask and Flask-Session that has to do with sessions, up to the unreleased version after 0.8.0. */
export const flaskKeys: Readonly<Record<string, FlaskKey>> = {
  SECRET_KEY: { effect: 'no effect', kind: 'resource', secret: true, why: UNSIGNED },
  SECRET_KEY_FALLBACKS: { effect: 'no effect', kind: 'resource', secret: true, why: UNSIGNED },
  APPLICATION_ROOT: { effect: 'taken over', kind: 'text' },
  PERMANENT_SESSION_LIFETIME: { effect: 'taken over', kind: 'lifetime' },

  SESSION_COOKIE_NAME: { effect: 'taken over', kind: 'text' },
  SESSION_COOKIE_DOMAIN: { effect: 'taken over', kind: 'text' },
  SESSION_COOKIE_PATH: { effect: 'taken over', kind: 'text' },
  SESSION_COOKIE_SECURE: { effect: 'taken over', kind: 'flag' },
  SESSION_COOKIE_SAMESITE: { effect: 'taken over', kind: 'text', among: ['lax', 'strict', 'none'] },
  SESSION_COOKIE_HTTPONLY: { effect: 'fixed', kind: 'flag', same: true },
  SESSION_COOKIE_PARTITIONED: { effect: 'taken over', kind: 'flag' },
  SESSION_REFRESH_EACH_REQUEST: {
    effect: 'fixed',
    kind: 'flag',
    same: true,
    why:
      'a visit always counts, and costs a write only when a tenth of the lifetime is to be won. ' +
      'For an end that visits do not move, set absoluteLifetime',
  },

  SESSION_TYPE: { effect: 'taken over', kind: 'text', among: sessionTypes },
  SESSION_PERMANENT: { effect: 'taken over', kind: 'flag' },
  SESSION_USE_SIGNER: { effect: 'no effect', kind: 'flag', same: false, why: UNSIGNED },
  SESSION_KEY_PREFIX: { effect: 'taken over', kind: 'text', types: ['redis', 'memcached'] },
  SESSION_ID_LENGTH: { effect: 'fixed', kind: 'whole', same: 32, why: 'a token always has 32 random bytes' },
  SESSION_KEY_LENGTH: { effect: 'other name', kind: 'whole', standsFor: 'SESSION_ID_LENGTH' },
  SESSION_SERIALIZATION_FORMAT: {
    effect: 'no effect',
    kind: 'text',
    among: ['msgpack', 'json'],
    why: 'records have one format, which keeps dates, maps, sets and bytes as they are',
  },
  SESSION_CLEANUP_N_REQUESTS: {
    effect: 'no effect',
    kind: 'whole',
    why: 'expired records are swept by a timer and never in a request; see sweepEvery',
  },

  SESSION_REDIS: { effect: 'taken over', kind: 'resource', types: ['redis'], secret: true },
  SESSION_MEMCACHED: { effect: 'taken over', kind: 'resource', types: ['memcached'], secret: true },
  SESSION_FILE_DIR: { effect: 'taken over', kind: 'text', types: ['filesystem'] },
  SESSION_FILE_THRESHOLD: { effect: 'taken over', kind: 'whole', types: ['filesystem'] },
  SESSION_FILE_MODE: {
    effect: 'fixed',
    kind: 'whole',
    types: ['filesystem'],
    same: 0o600,
    why: 'files always have mode 0600',
  },
  SESSION_CACHELIB: { effect: 'taken over', kind: 'resource', types: ['cachelib'], secret: true },
  SESSION_MONGODB: { effect: 'taken over', kind: 'resource', types: ['mongodb'], secret: true },
  SESSION_MONGODB_DB: { effect: 'taken over', kind: 'text', types: ['mongodb'] },
  SESSION_MONGODB_COLLECT: { effect: 'taken over', kind: 'text', types: ['mongodb'] },

  SQLALCHEMY_DATABASE_URI: { effect: 'taken over', kind: 'text', secret: true },
  SQLALCHEMY_BINDS: { effect: 'taken over', kind: 'resource', secret: true },
  SESSION_SQLALCHEMY: { effect: 'taken over', kind: 'resource', types: ['sqlalchemy'], secret: true },
  SESSION_SQLALCHEMY_TABLE: { effect: 'taken over', kind: 'text', types: ['sqlalchemy'] },
  SESSION_SQLALCHEMY_SEQUENCE: {
    effect: 'no effect',
    kind: 'text',
    types: ['sqlalchemy'],
    why: 'rows are found by the hash of the token, so there is nothing to count',
  },
  SESSION_SQLALCHEMY_SCHEMA: { effect: 'taken over', kind: 'text', types: ['sqlalchemy'] },
  SESSION_SQLALCHEMY_BIND_KEY: { effect: 'taken over', kind: 'text', types: ['sqlalchemy'] },
  SESSION_SQLALCHEMY_BINDKEY: { effect: 'other name', kind: 'text', standsFor: 'SESSION_SQLALCHEMY_BIND_KEY' },

  SESSION_DYNAMODB: { effect: 'no effect', kind: 'resource', secret: true, why: DYNAMODB },
  SESSION_DYNAMODB_TABLE: { effect: 'no effect', kind: 'text', why: DYNAMODB },
  SESSION_DYNAMODB_TABLE_NAME: { effect: 'other name', kind: 'text', standsFor: 'SESSION_DYNAMODB_TABLE' },
  SESSION_DYNAMODB_TABLE_EXISTS: { effect: 'no effect', kind: 'flag', same: false, why: DYNAMODB },

  SESSION_POSTGRESQL: { effect: 'taken over', kind: 'resource', types: ['postgresql'], secret: true },
  SESSION_POSTGRESQL_TABLE: { effect: 'taken over', kind: 'text', types: ['postgresql'] },
  SESSION_POSTGRESQL_SCHEMA: { effect: 'taken over', kind: 'text', types: ['postgresql'] },
}
