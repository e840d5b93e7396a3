/** Fresh databases on a server that runs. */
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'

/** For a pool that has ended, its clients still say goodbye; who stays on does not keep the database. */
const GOODBYE_MS = 500

/** What a pool of `pg` takes to connect. */
export interface PoolSettings {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly database: string
  readonly password?: string
}

/** An empty database of the test's own. */
export interface Database extends AsyncDisposable {
  readonly url: string
  readonly poolSettings: PoolSettings
  /** Removes it, whoever is connected. */
  drop(): Promise<void>
}

/** Creates a database on the server that `url` connects to. */
export async function createDatabaseAt(url: string): Promise<Database> {
  const name = `qj_test_${randomBytes(6).toString('hex')}`
  // Nobody connects to template0, so several can be copied from it at once.
  await at(url, (client) => client.query(`create database ${name} template template0`))
  const own = new URL(url)
  own.pathname = `/${name}`
  const drop = (): Promise<void> =>
    at(url, async (client) => {
      await untilLeft(client, name)
      await client.query(`drop database if exists ${name} with (force)`)
    })
  return { url: own.href, poolSettings: poolSettingsOf(own.href), drop, [Symbol.asyncDispose]: drop }
}

/** The parts of a URL. */
export function poolSettingsOf(url: string): PoolSettings {
  const { hostname, port, username, password, pathname } = new URL(url)
  return {
    host: hostname,
    port: Number(port || 5432),
    user: decodeURIComponent(username),
    database: decodeURIComponent(pathname.slice(1)),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
  }
}

async function at(url: string, work: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}

async function untilLeft(client: Client, name: string): Promise<void> {
  const deadline = performance.now() + GOODBYE_MS
  const isIn = async (): Promise<boolean> => (await client.query('select from pg_stat_activity where datname = $1', [name])).rowCount !== 0
  while ((await isIn()) && performance.now() < deadline) await sleep(10)
}
