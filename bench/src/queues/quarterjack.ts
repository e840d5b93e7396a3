/** Ours: one job, no key, all history kept. */
import { createScheduler, defineJob, type Scheduler } from '@quarterjack/core'
import { pgStore } from '@quarterjack/adapter-pg'
import { Pool } from 'pg'
import { anything } from '../pg/anything.ts'
import type { Payload, QueuePeer } from './queue-peer.ts'

export function quarterjack(url: string): QueuePeer {
  let onStart: (n: number) => void = () => undefined
  const job = defineJob({
    name: 'noop',
    payload: anything<Payload>(),
    keep: { succeeded: 1_000_000 },
    run: ({ payload }) => onStart(payload.n),
  })
  const pool = new Pool({ connectionString: url })
  const scheduler: Scheduler = createScheduler({ store: pgStore({ pool }), jobs: [job], concurrency: 100 })
  return {
    async open() {
      await scheduler.store.open()
    },
    async add(n) {
      await scheduler.trigger(job, { n })
    },
    async addMany(count) {
      await scheduler.triggerMany(
        job,
        Array.from({ length: count }, (_, n) => ({ payload: { n } })),
      )
    },
    async work(listener) {
      onStart = listener
      await scheduler.start()
    },
    async isDrained() {
      return (await pool.query('select 1 from quarterjack.runs limit 1')).rowCount === 0
    },
    async close() {
      await scheduler.stop({ grace: 0 })
      await scheduler.store.close()
      await pool.end()
    },
  }
}
