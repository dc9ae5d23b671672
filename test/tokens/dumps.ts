/** What a throwaway server knows, got out by its own means, and kept to be searched for tokens. */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { MongoClient } from 'mongodb'
import { Client } from 'pg'
import { ensureCommand } from '../../scripts/debian.ts'
import { ask } from '../servers/ask.ts'
import type { MemcachedServer, RedisServer, Server } from '../servers/index.ts'
import { runToEnd } from '../servers/processes.ts'
import { keep, keepFolder } from './watch.ts'

/** A server's data is the copy of a template; sessions have left what was changed since it started. */
function keepChanges(directory: string): void {
  keepFolder(directory, statSync(join(directory, 'server.log')).birthtimeMs)
}

/** Everything `pg_dump` shows, and beyond it what the files hold: removed rows, the log ahead of the writes, the log. */
export async function keepPostgres(server: Server): Promise<void> {
  const client = new Client(server.url)
  await client.connect()
  await client.query('CHECKPOINT')
  await client.end()
  keep('pg_dump', await runToEnd(ensureCommand('pg_dump', ['postgresql-client']), [server.url]))
  keepChanges(server.directory)
}

/** Everything `mariadb-dump` shows, and the files. */
export async function keepMariadb(server: Server): Promise<void> {
  const options = ['--no-defaults', '-h', server.host, '-P', `${server.port}`, '-u', 'root', '--all-databases']
  keep('mariadb-dump', await runToEnd(ensureCommand('mariadb-dump', ['mariadb-client']), options))
  keepChanges(server.directory)
}

/** A snapshot of every key, uncompressed, and the server's log. */
export async function keepRedis(server: RedisServer): Promise<void> {
  await server.command('CONFIG', 'SET', 'rdbcompression', 'no')
  await server.command('SAVE')
  keep('dump.rdb', readFileSync(join(server.directory, 'dump.rdb')))
  keep('server.log', readFileSync(join(server.directory, 'server.log')))
}

/**
 * The keys that the server's own crawler finds, and what they hold. Not of a server that asks for a password: there it
 * does not answer a request that comes together with the login.
 */
export async function keepMemcached(server: MemcachedServer): Promise<void> {
  const dump = await ask(server, 'lru_crawler metadump all\r\n', /END\r\n$/)
  keep('metadump', dump)
  for (const [, key = ''] of dump.matchAll(/^key=(\S+)/gm))
    keep('get', await ask(server, `get ${decodeURIComponent(key)}\r\n`, /END\r\n$/))
  keep('server.log', readFileSync(join(server.directory, 'server.log')))
}

/** Every document of every collection, as the driver reads them. */
export async function keepMongodb(url: string): Promise<void> {
  const client = new MongoClient(url)
  try {
    const { databases } = await client.db().admin().listDatabases()
    for (const { name } of databases)
      for (const collection of await client.db(name).collections())
        keep(`${name}.${collection.collectionName}`, JSON.stringify(await collection.find().toArray()))
  } finally {
    await client.close()
  }
}
