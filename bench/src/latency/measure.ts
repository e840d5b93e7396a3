/** From the call of trigger to the handler's start in another, idle process: `measure.ts <peer> <role> <samples> <url>`. */
import { quantile } from '../figure.ts'
import { machineMs, obey, startReplica, tell } from '../replica.ts'
import { openQueue } from '../queues/queue-peers.ts'

const [name = '', role = '', samplesText = '0', url = ''] = process.argv.slice(2)

/** Of the first, connections are opened and code is compiled. */
const WARM = 30
/** Between two triggers, so that the worker sleeps again. */
const REST_MS = { least: 20, most: 60 }

interface Start {
  readonly n: number
  readonly at: number
}

const peer = await openQueue(name, url, 'latency')
if (role === 'work') await work()
else await trigger(Number(samplesText))

async function work(): Promise<void> {
  obey()
  await peer.work((n) => tell({ n, at: machineMs() } satisfies Start))
  // Whatever a start takes is over by then, and everybody knows who listens.
  await rest(3_000)
  tell('ready')
}

async function trigger(samples: number): Promise<void> {
  const worker = await startReplica([name, 'work', '0', url])
  const latencies: number[] = []
  for (let n = 0; n < WARM + samples; n++) {
    await rest(REST_MS.least + Math.random() * (REST_MS.most - REST_MS.least))
    const calledAt = machineMs()
    await peer.add(n)
    const start = await worker.next<Start>()
    if (start.n !== n) throw new Error(`job ${start.n} began instead of ${n}`)
    if (n >= WARM) latencies.push(start.at - calledAt)
  }
  console.log(JSON.stringify({ p50Ms: quantile(latencies, 0.5), p99Ms: quantile(latencies, 0.99) }))
  process.exit(0)
}

function rest(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
