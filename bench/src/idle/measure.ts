/** Transactions of a process that has nothing to do: `measure.ts <peer> <role> <seconds> <url>`. */
import { Client } from 'pg'
import { obey, startReplica, tell } from '../pg/replica.ts'
import { QUEUE_PEERS } from '../queues/queue-peers.ts'

const [name = '', role = '', secondsText = '0', url = ''] = process.argv.slice(2)
const seconds = Number(secondsText)

/** After the start: whatever a start does is over and counted by then. */
const SETTLE_MS = 12_000

if (role === 'work') await work()
else await watch()

async function work(): Promise<void> {
  const load = QUEUE_PEERS[name]
  if (load === undefined) throw new Error(`no peer ${name}`)
  obey()
  const peer = (await load())(url, name === 'pg-boss' ? 'latency' : 'throughput')
  await peer.open()
  await peer.work(() => undefined)
  tell('ready')
}

/** Asks from another database, so that it does not count itself. */
async function watch(): Promise<void> {
  const own = new URL(url)
  const database = own.pathname.slice(1)
  own.pathname = '/postgres'
  const client = new Client({ connectionString: own.href })
  await client.connect()
  const count = async (): Promise<number> => {
    const { rows } = await client.query<{ sum: string }>(
      'select (xact_commit + xact_rollback)::text as sum from pg_stat_database where datname = $1',
      [database],
    )
    return Number(rows[0]?.sum)
  }
  await startReplica([name, 'work', '0', url])
  await rest(SETTLE_MS)
  const before = await count()
  await rest(1_000 * seconds)
  console.log(JSON.stringify({ transactionsPerS: ((await count()) - before) / seconds }))
  process.exit(0)
}

function rest(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
