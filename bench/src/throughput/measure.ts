/** One peer, one phase, in a process of its own: `measure.ts <peer> <phase> <count> <url>`. */
import { serverKind } from '../peers-by-server.ts'
import { openQueue } from '../queues/queue-peers.ts'
import { machineMs } from '../replica.ts'

const [name = '', phase = '', countText = '0', url = ''] = process.argv.slice(2)
const count = Number(countText)

/** Jobs before those that are measured: code is compiled and connections are open by then. */
const WARM = { postgres: 2_000, redis: 10_000 }[serverKind(url)]
const CALLERS = 50

const peer = await openQueue(name, url, 'throughput')
const phases: Readonly<Record<string, () => Promise<Record<string, number>>>> = { fill, drain, enqueue }
const sample = await phases[phase]?.()
console.log(JSON.stringify(sample))
process.exit(0)

/** Stores the jobs; another process drains them. */
async function fill(): Promise<Record<string, number>> {
  await peer.addMany(WARM + count)
  return {}
}

async function drain(): Promise<Record<string, number>> {
  let done = 0
  let startedAt = 0
  let cpu = process.cpuUsage()
  const allDone = new Promise<void>((resolve) => {
    void peer.work(() => {
      done++
      if (done === WARM) {
        startedAt = machineMs()
        cpu = process.cpuUsage()
      }
      if (done === WARM + count) resolve()
    })
  })
  await allDone
  while (!(await peer.isDrained())) await new Promise((resolve) => setTimeout(resolve, 2))
  const ms = machineMs() - startedAt
  cpu = process.cpuUsage(cpu)
  return { runsPerS: (1_000 * count) / ms, cpuUsPerRun: (cpu.user + cpu.system) / count }
}

async function enqueue(): Promise<Record<string, number>> {
  for (let n = 0; n < 100; n++) await peer.add(n)
  const one = await perSecond(Math.round(count / 20), async (most) => {
    for (let n = 0; n < most; n++) await peer.add(n)
  })
  const many = await perSecond(Math.round(count / 4), async (most) => {
    let n = 0
    const call = async (): Promise<void> => {
      while (n < most) await peer.add(n++)
    }
    await Promise.all(Array.from({ length: CALLERS }, call))
  })
  const first = await perSecond(count, (most) => peer.addMany(most))
  const more = await perSecond(3 * count, async () => {
    for (let call = 0; call < 3; call++) await peer.addMany(count)
  })
  return { enqueuePerS: one, enqueue50PerS: many, firstBulkPerS: first, bulkPerS: more }
}

async function perSecond(most: number, work: (most: number) => Promise<void>): Promise<number> {
  const startedAt = machineMs()
  await work(most)
  return (1_000 * most) / (machineMs() - startedAt)
}
