/** BullMQ: job schedulers of any period; the worker that begins a run makes the next one. */
import { Queue, Worker } from 'bullmq'
import { BULLMQ_WORKER, bullmqConnection, KEEP_NOTHING } from '../redis/bullmq-options.ts'
import type { SlotPeer } from './slot-peer.ts'

const NAME = 'tenant'

/** Upserts that are under way at once. */
const CHUNK = 1_000

/** The first slot is that long ahead, so that none has passed when its schedule is created. */
const AHEAD_MS = 2_000

export function bullmq(url: string): SlotPeer {
  const connection = bullmqConnection(url)
  const queue = new Queue(NAME, { connection, defaultJobOptions: KEEP_NOTHING })

  const upsertAll = async (periodMs: number, startDates: readonly number[]): Promise<void> => {
    for (let from = 0; from < startDates.length; from += CHUNK) {
      await Promise.all(
        startDates
          .slice(from, from + CHUNK)
          .map((startDate, index) => queue.upsertJobScheduler(`k${from + index}`, { every: periodMs, startDate }, { name: NAME })),
      )
    }
  }
  /** The first whole period that is far enough ahead. */
  const firstSlot = (periodMs: number): number => Math.ceil((Date.now() + AHEAD_MS) / periodMs) * periodMs

  return {
    async open() {
      await queue.waitUntilReady()
    },
    set: (count, periodMs) => upsertAll(periodMs, new Array<number>(count).fill(firstSlot(periodMs))),
    spread(count, periodMs) {
      const firstAt = firstSlot(periodMs)
      const startDates = Array.from({ length: count }, (_, index) => Math.floor(firstAt + (index * periodMs) / count))
      return () => upsertAll(periodMs, startDates)
    },
    async work(onFire) {
      const worker = new Worker(
        NAME,
        async ({ id }) => {
          // repeat:<scheduler>:<slot>
          const [, key = '', slotAt] = (id ?? '').split(':')
          onFire(key, Number(slotAt))
        },
        { connection, ...BULLMQ_WORKER },
      )
      worker.on('error', (error) => console.error(error))
      await worker.waitUntilReady()
    },
  }
}
