/** BullMQ: its own intervals with its own lock of 30 s, told to be quick about it with a shorter one. */
import { Queue, Worker } from 'bullmq'
import { BULLMQ_WORKER, bullmqConnection, KEEP_NOTHING } from '../redis/bullmq-options.ts'
import { JOB, type TakeoverPeer, type TakeoverSite } from './takeover-peer.ts'

const OWN_LOCK_MS = 30_000

export function bullmq({ url, leaseMs }: TakeoverSite): TakeoverPeer {
  const connection = bullmqConnection(url)
  const queue = new Queue(JOB, { connection, defaultJobOptions: KEEP_NOTHING })
  return {
    async open() {
      await queue.waitUntilReady()
    },
    async trigger() {
      await queue.add(JOB, {})
    },
    async work(onStart) {
      const worker = new Worker(
        JOB,
        () => {
          onStart()
          return new Promise(() => undefined)
        },
        {
          connection,
          ...BULLMQ_WORKER,
          lockDuration: leaseMs,
          stalledInterval: leaseMs < OWN_LOCK_MS ? 1_000 : OWN_LOCK_MS,
        },
      )
      worker.on('error', (error) => console.error(error))
      await worker.waitUntilReady()
    },
  }
}
