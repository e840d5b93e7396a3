/** What a process asks of its server that has nothing to do: `measure.ts <peer> <role> <seconds> <url>`. */
import { serverKind } from '../peers-by-server.ts'
import { openQueue } from '../queues/queue-peers.ts'
import { obey, startReplica, tell } from '../replica.ts'
import type { ReadTotals } from './totals.ts'

const [name = '', role = '', secondsText = '0', url = ''] = process.argv.slice(2)
const seconds = Number(secondsText)

/** After the start: whatever a start does is over and counted by then. */
const SETTLE_MS = 12_000

if (role === 'work') await work()
else await watch()

async function work(): Promise<void> {
  obey()
  const peer = await openQueue(name, url, name === 'pg-boss' ? 'latency' : 'throughput')
  await peer.work(() => undefined)
  tell('ready')
}

async function watch(): Promise<void> {
  const read = await totals()
  await startReplica([name, 'work', '0', url])
  await rest(SETTLE_MS)
  const before = await read()
  await rest(1_000 * seconds)
  const after = await read()
  const rates = Object.entries(after).map(([metric, total]) => [metric, (total - (before[metric] ?? 0)) / seconds])
  console.log(JSON.stringify(Object.fromEntries(rates)))
  process.exit(0)
}

async function totals(): Promise<ReadTotals> {
  if (serverKind(url) === 'redis') return await (await import('./redis-totals.ts')).redisTotals(url)
  return await (await import('./pg-totals.ts')).pgTotals(url)
}

function rest(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
