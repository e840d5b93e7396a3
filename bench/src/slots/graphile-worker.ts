/** graphile-worker: crons of whole minutes, in the code of each worker. */
import { Logger, parseCronItems, run, runMigrations } from 'graphile-worker'
import { COUNT_OF_PEERS, type SlotPeer } from './slot-peer.ts'

export function graphileWorker(url: string): SlotPeer {
  const logger = new Logger(() => () => undefined)
  return {
    open: () => runMigrations({ connectionString: url, logger }),
    async set() {
      // Schedules live in code alone.
    },
    async work(onFire) {
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
            logger,
            concurrentJobs: 24,
            maxPoolSize: 25,
            localQueue: { size: 500, refetchDelay: { durationMs: 10 } },
            completeJobBatchDelay: 0,
            failJobBatchDelay: 0,
          },
        },
      })
    },
  }
}
