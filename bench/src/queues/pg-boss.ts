/** pg-boss. Finished jobs stay for its default retention. */
import { PgBoss } from 'pg-boss'
import { Pool } from 'pg'
import type { Payload, QueuePeer, Tuning } from './queue-peer.ts'

const WORK = {
  throughput: { batchSize: 1_000, localConcurrency: 4, burstWhenBatchFull: true, pollingIntervalSeconds: 0.5 },
  latency: { pollingIntervalSeconds: 0.5 },
} as const

const BULK = 10_000

export function pgBoss(url: string, tuning: Tuning): QueuePeer {
  const boss = new PgBoss({
    connectionString: url,
    supervise: false,
    registerInstance: false,
    schedule: false,
    useListenNotify: tuning === 'latency',
  })
  boss.on('error', (error) => console.error(error))
  const pool = new Pool({ connectionString: url, max: 1 })
  return {
    async open() {
      await boss.start()
      await boss.createQueue('noop', { notify: tuning === 'latency' })
    },
    async add(n) {
      await boss.send('noop', { n })
    },
    async addMany(count) {
      for (let from = 0; from < count; from += BULK) {
        const length = Math.min(BULK, count - from)
        await boss.insert(
          'noop',
          Array.from({ length }, (_, index) => ({ data: { n: from + index } })),
        )
      }
    },
    async work(onStart) {
      await boss.work<Payload>('noop', WORK[tuning], async (jobs) => {
        for (const { data } of jobs) onStart(data.n)
      })
    },
    async isDrained() {
      return (await pool.query(`select 1 from pgboss.job where state < 'completed' limit 1`)).rowCount === 0
    },
    async close() {
      await boss.stop({ graceful: false })
      await pool.end()
    },
  }
}
