/** BullMQ. Finished jobs are removed; it keeps no history. */
import { Queue, Worker } from 'bullmq'
import { BULLMQ_WORKER, bullmqConnection, KEEP_NOTHING } from '../redis/bullmq-options.ts'
import type { Payload, QueuePeer } from './queue-peer.ts'

const NAME = 'noop'
const BULK = 1_000

export function bullmq(url: string): QueuePeer {
  const connection = bullmqConnection(url)
  const queue = new Queue<Payload>(NAME, { connection, defaultJobOptions: KEEP_NOTHING })
  let worker: Worker<Payload> | null = null
  return {
    async open() {
      await queue.waitUntilReady()
    },
    async add(n) {
      await queue.add(NAME, { n })
    },
    async addMany(count) {
      for (let from = 0; from < count; from += BULK) {
        const length = Math.min(BULK, count - from)
        await queue.addBulk(Array.from({ length }, (_, index) => ({ name: NAME, data: { n: from + index } })))
      }
    },
    async work(onStart) {
      worker = new Worker<Payload>(NAME, async ({ data }) => onStart(data.n), { connection, ...BULLMQ_WORKER })
      worker.on('error', (error) => console.error(error))
      await worker.waitUntilReady()
    },
    async isDrained() {
      const counts = await queue.getJobCounts('wait', 'active', 'delayed', 'prioritized')
      return Object.values(counts).every((count) => count === 0)
    },
    async close() {
      await worker?.close(true)
      await queue.close()
    },
  }
}
