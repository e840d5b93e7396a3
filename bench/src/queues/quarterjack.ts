/** Ours: one job, no key. */
import { createScheduler, defineJob, type Scheduler, type Store } from '@quarterjack/core'
import { anything } from '../anything.ts'
import type { Payload, QueuePeer } from './queue-peer.ts'

export const JOB = 'noop'

/** Where it runs. */
export interface Site {
  readonly store: Store
  /** How many succeeded runs are kept. */
  readonly keep: number
  readonly isDrained: QueuePeer['isDrained']
  /** Ends the client. */
  readonly end: () => unknown
}

export function quarterjack({ store, keep, isDrained, end }: Site): QueuePeer {
  let onStart: (n: number) => void = () => undefined
  const job = defineJob({
    name: JOB,
    payload: anything<Payload>(),
    keep: { succeeded: keep },
    run: ({ payload }) => onStart(payload.n),
  })
  const scheduler: Scheduler = createScheduler({ store, jobs: [job], concurrency: 100 })
  return {
    async open() {
      await store.open()
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
    isDrained,
    async close() {
      await scheduler.stop({ grace: 0 })
      await store.close()
      await end()
    },
  }
}
