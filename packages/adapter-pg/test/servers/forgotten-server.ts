/** A program that starts a server, tells where it is, and waits to be killed. Run by `postgres.test.ts`. */
import { Client } from 'pg'
import { startPostgres } from './postgres.ts'

const server = await startPostgres()
const client = new Client({ connectionString: server.url })
client.on('error', () => undefined)
await client.connect()
const { rows } = await client.query<{ data: string }>(`select current_setting('data_directory') data`)
const [pid] = (await client.query<{ file: string }>(`select pg_read_file('postmaster.pid') file`)).rows.map(({ file }) =>
  Number.parseInt(file, 10),
)
if (process.argv[2] === 'paused') await server.pause()
console.log(JSON.stringify({ pid, directory: rows[0]?.data }))
setInterval(() => undefined, 1_000)
