import { SessionError } from '../errors.ts'
import type { Store } from '../store.ts'
import { mongodbStore } from './mongodb.ts'
import { importClient, owning } from './open-client.ts'
import { given, unquoted } from './open-url.ts'
import type { StoreUrl } from './open-url.ts'

/** The driver would wait 30 s for a server: the core has given the visitor an error after 5. */
const SELECTION_MS = 5000

/** `mongodb://` and `mongodb+srv://`: the driver reads the URL itself, several hosts and all. */
export async function openMongodb({ rest, parameters }: StoreUrl, passedOn: readonly string[]): Promise<Store> {
  const { text, flag, number, urlWith } = parameters
  if (!/^\/\/[^/]+\/[^/]+$/.test(rest))
    throw new SessionError(
      'bad_option',
      'mongodb: needs a host and a database, as in mongodb://127.0.0.1/myapp; a slash in a password is %2F',
    )
  const { MongoClient } = await importClient('mongodb', { mongodb: () => import('mongodb') })
  const options = given({ createIndexes: flag('createIndexes') })
  const serverSelectionTimeoutMS = number('serverSelectionTimeoutMS') ?? SELECTION_MS
  const [client, collection] = unquoted(() => {
    const made = new MongoClient(urlWith(passedOn), { serverSelectionTimeoutMS })
    // Names that the server could not have are refused here, and nothing has been connected yet.
    return [made, made.db().collection(text('collection') ?? 'sessions')] as const
  })
  return owning(mongodbStore(collection, options), () => client.close())
}
