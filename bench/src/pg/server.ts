/** The private Postgres of a scenario: durable, and otherwise as it comes. */
import { Client } from 'pg'
// shape-allow package-wall: the adapter's tests know how to start private servers.
import { type PostgresServer, startPostgres } from '../../../packages/adapter-pg/test/servers/postgres.ts'
import { inOwnProcess, type Contender } from '../scenario.ts'
import type { Sample } from '../figure.ts'

const SETTINGS = { shared_buffers: '256MB', max_wal_size: '2GB' }

/** Starts it, says what it is, and ends it with the scenario. */
export async function startServer(stack: AsyncDisposableStack, settings: Readonly<Record<string, string>> = {}): Promise<PostgresServer> {
  const server = stack.use(await startPostgres({ version: 'system', durable: true, settings: { ...SETTINGS, ...settings } }))
  const client = new Client({ connectionString: server.url })
  await client.connect()
  const names = ['server_version', 'fsync', 'synchronous_commit', 'shared_buffers', 'max_wal_size', 'autovacuum']
  const { rows } = await client.query<{ name: string; setting: string }>(
    `select n.name, current_setting(n.name) as setting from unnest($1::text[]) with ordinality n(name, place) order by n.place`,
    [names],
  )
  await client.end()
  console.log(
    `  Postgres of its own on loopback, a fresh database per contender and round: ${rows.map(({ name, setting }) => `${name} ${setting}`).join(', ')}`,
  )
  return server
}

/** What `measure` of a contender does: a script gets `[…args, url of a fresh database]`. */
export function onFreshDatabase(server: PostgresServer, script: string, args: (quick: boolean) => readonly string[]): Contender['measure'] {
  return async (quick): Promise<Sample> => {
    await using database = await server.createDatabase()
    return await inOwnProcess(script, [...args(quick), database.url])
  }
}
