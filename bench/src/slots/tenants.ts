/** Ours: one job with dynamic schedules. */
import { createScheduler, defineJob, every, type Scheduler, type Store } from '@quarterjack/core'
import type { OnFire, SlotPeer } from './slot-peer.ts'

export type Tenants = ReturnType<typeof tenants>

export function tenants(store: Store) {
  let onFire: OnFire = () => undefined
  const job = defineJob({ name: 'tenant', overlap: 'allow', run: ({ key, slot }) => onFire(key, slot?.getTime() ?? 0) })
  const scheduler: Scheduler = createScheduler({ store, jobs: [job], concurrency: 100 })
  return {
    scheduler,
    job,
    listen(listener: OnFire): void {
      onFire = listener
    },
  }
}

export function slotPeerOf({ scheduler, job, listen }: Tenants): SlotPeer {
  return {
    open: () => scheduler.store.open(),
    async set(count, periodMs) {
      const schedule = every(periodMs)
      await scheduler.schedules.setMany(
        job,
        Array.from({ length: count }, (_, index) => ({ key: `k${index}`, schedule })),
      )
    },
    spread(count, periodMs) {
      const settings = Array.from({ length: count }, (_, index) => ({
        key: `k${index}`,
        schedule: every(periodMs, { anchor: new Date((index * periodMs) / count) }),
      }))
      return async () => {
        await scheduler.schedules.setMany(job, settings)
      }
    },
    async work(onFire) {
      listen(onFire)
      await scheduler.start()
    },
  }
}
