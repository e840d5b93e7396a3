/** Who fires schedules on Postgres. */
import { Pool } from 'pg'
import { createScheduler, defineJob, every, type Scheduler } from '@quarterjack/core'
import { pgStore } from '@quarterjack/adapter-pg'

/** Told which schedule fired, and for which slot. */
export type OnFire = (key: string, slotAt: number) => void

export interface SlotPeer {
  /** Makes the schema and as many schedules that are all due at each whole `periodMs`. */
  set(count: number, periodMs: number): Promise<void>
  work(onFire: OnFire): Promise<void>
}

const MINUTE = 60_000

/** By name. */
export const SLOT_PEERS: Readonly<Record<string, (url: string) => SlotPeer>> = {
  quarterjack: (url) => {
    const { scheduler, job, listen } = tenants(url)
    return {
      async set(count, periodMs) {
        const schedule = every(periodMs)
        await scheduler.schedules.setMany(
          job,
          Array.from({ length: count }, (_, index) => ({ key: `k${index}`, schedule })),
        )
      },
      async work(onFire) {
        listen(onFire)
        await scheduler.start()
      },
    }
  },

  'graphile-worker': (url) => ({
    async set() {
      const { Logger, runMigrations } = await import('graphile-worker')
      await runMigrations({ connectionString: url, logger: new Logger(() => () => undefined) })
    },
    async work(onFire) {
      const { Logger, parseCronItems, run } = await import('graphile-worker')
      // Schedules live in code alone.
      const parsedCronItems = parseCronItems(
        Array.from({ length: COUNT_OF_PEERS }, (_, index) => ({
          task: 'tenant',
          match: '* * * * *',
          identifier: `k${index}`,
          payload: { key: `k${index}` },
        })),
      )
      await run({
        noHandleSignals: true,
        parsedCronItems,
        taskList: {
          tenant: (payload) => {
            const { key, _cron } = payload as { key: string; _cron: { ts: string } }
            onFire(key, Date.parse(_cron.ts))
          },
        },
        preset: {
          worker: {
            connectionString: url,
            logger: new Logger(() => () => undefined),
            concurrentJobs: 24,
            maxPoolSize: 25,
            localQueue: { size: 500, refetchDelay: { durationMs: 10 } },
            completeJobBatchDelay: 0,
            failJobBatchDelay: 0,
          },
        },
      })
    },
  }),

  'pg-boss': (url) => {
    const make = async () => {
      const { PgBoss } = await import('pg-boss')
      const boss = new PgBoss({ connectionString: url, cronMonitorIntervalSeconds: 1, cronWorkerIntervalSeconds: 1, useListenNotify: true })
      boss.on('error', (error) => console.error(error))
      await boss.start()
      return boss
    }
    return {
      async set(count) {
        const boss = await make()
        await boss.createQueue('tenant', { notify: true })
        for (let index = 0; index < count; index++) await boss.schedule('tenant', '* * * * *', { key: `k${index}` }, { key: `k${index}` })
        await boss.stop({ graceful: false })
      },
      async work(onFire) {
        const boss = await make()
        const options = {
          batchSize: 100,
          localConcurrency: 4,
          burstWhenBatchFull: true,
          pollingIntervalSeconds: 0.5,
          notifyPollingIntervalSeconds: 0.5,
        }
        await boss.work<{ key: string }>('tenant', options, async (jobs) => {
          // It does not tell the slot.
          const slotAt = Math.floor(Date.now() / MINUTE) * MINUTE
          for (const { data } of jobs) onFire(data.key, slotAt)
        })
      },
    }
  },
}

/** Of each peer. */
export const COUNT_OF_PEERS = 1_000

/** Ours: a job with dynamic schedules, and whatever the scenario wants to know of its pool. */
export function tenants(url: string, pool: Pool = new Pool({ connectionString: url })) {
  let onFire: OnFire = () => undefined
  const job = defineJob({ name: 'tenant', overlap: 'allow', run: ({ key, slot }) => onFire(key, slot?.getTime() ?? 0) })
  const scheduler: Scheduler = createScheduler({ store: pgStore({ pool }), jobs: [job], concurrency: 100 })
  return {
    scheduler,
    job,
    pool,
    listen(listener: OnFire): void {
      onFire = listener
    },
  }
}
