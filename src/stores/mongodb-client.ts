import { SessionError } from '../errors.ts'

/** Where {@link mongodbStore} keeps records: a collection of the driver `mongodb`, or its database. */
export type MongodbTarget = MongodbCollection | MongodbDatabase

/** A database, and the name of the collection in it. */
export interface MongodbDatabase {
  readonly db: MongodbDb
  /** Default `'sessions'`. */
  readonly collection?: string
}

/** What the store uses of a `Db`. */
export interface MongodbDb {
  collection(name: string): MongodbCollection
}

/** What the store uses of a `Collection`: methods of the driver, which this library does not import. */
export interface MongodbCollection {
  readonly collectionName: string
  readonly writeConcern?: { readonly w?: string | number } | undefined
  findOne(filter: object, options: object): Promise<unknown>
  find(filter: object, options: object): AsyncIterable<unknown>
  insertOne(document: object, options: object): Promise<unknown>
  replaceOne(filter: object, document: object, options: object): Promise<{ readonly matchedCount: number }>
  updateOne(filter: object, update: object, options: object): Promise<{ readonly matchedCount: number }>
  deleteOne(filter: object, options: object): Promise<{ readonly deletedCount: number }>
  deleteMany(filter: object, options: object): Promise<{ readonly deletedCount: number }>
  createIndex(keys: { [field: string]: 1 }, options: object): Promise<unknown>
}

/** The collection, and the options that each kind of operation passes along. */
export interface MongodbConnection {
  readonly collection: MongodbCollection
  readonly reading: object
  readonly writing: object
}

/**
 * A secondary may lag, and would show a session that was ended on the primary: so no read preference of the
 * application counts here. Nor does its wish to get documents as bytes.
 */
const READING = { readPreference: 'primary', raw: false, promoteValues: true }

/**
 * Without `majority` an acknowledged logout is undone when the primary fails before it was copied; without the journal
 * a single server forgets the last tenth of a second. Both cost a wait per write, and a session is written seldom.
 */
const DURABLE = { w: 'majority', journal: true }

/** @throws SessionError `bad_option` for what is no collection or database, and when writes are not acknowledged. */
export function mongodbConnection(target: MongodbTarget): MongodbConnection {
  const collection = collectionOf(target)
  // Every answer of the store is a count that the server has to give.
  const { writeConcern } = collection
  if (writeConcern?.w === 0)
    throw new SessionError('bad_option', 'mongodbStore() needs acknowledged writes, and this collection has w: 0')
  // What somebody chose for the client, the database or the collection is kept.
  const writing = writeConcern?.w === undefined ? { writeConcern: { ...DURABLE, ...writeConcern } } : {}
  return { collection, reading: READING, writing }
}

function collectionOf(target: MongodbTarget): MongodbCollection {
  // The driver's collections have a property `db`, too.
  if (target instanceof Object && 'findOne' in target && typeof target.findOne === 'function') return target
  if (target instanceof Object && 'db' in target && typeof target.db.collection === 'function') {
    const { db, collection = 'sessions' } = target
    return db.collection(collection)
  }
  throw new SessionError('bad_option', 'mongodbStore() takes a Collection of mongodb, or { db } with a Db of it')
}
