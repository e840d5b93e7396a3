/** Who takes a dead process's run over, and how it is told to be quick about it. */
import { createScheduler, defineJob } from '@quarterjack/core'
import { pgStore } from '@quarterjack/adapter-pg'
import { Pool } from 'pg'

export interface TakeoverPeer {
  open(): Promise<void>
  /** One job that never ends. */
  trigger(): Promise<void>
  work(onStart: () => void): Promise<void>
}

/** By name. */
export const TAKEOVER_PEERS: Readonly<Record<string, (url: string, leaseMs: number) => TakeoverPeer>> = {
  quarterjack(url, leaseMs) {
    let onStart: () => void = () => undefined
    const job = defineJob({
      name: 'endless',
      run: () => {
        onStart()
        return new Promise(() => undefined)
      },
    })
    const scheduler = createScheduler({
      store: pgStore({ pool: new Pool({ connectionString: url }) }),
      jobs: [job],
      concurrency: 100,
      lease: leaseMs,
    })
    return {
      open: () => scheduler.store.open(),
      async trigger() {
        await scheduler.trigger(job)
      },
      work(listener) {
        onStart = listener
        return scheduler.start()
      },
    }
  },

  'pg-boss'(url, leaseMs) {
    const boss = import('pg-boss').then(
      ({ PgBoss }) =>
        new PgBoss({
          connectionString: url,
          superviseIntervalSeconds: 1,
          monitorIntervalSeconds: 1,
          queueCacheIntervalSeconds: 1,
          useListenNotify: false,
        }),
    )
    return {
      async open() {
        await (await boss).start()
        await (await boss).createQueue('endless', { heartbeatSeconds: Math.round(leaseMs / 1_000), retryLimit: 3, retryDelay: 0 })
      },
      async trigger() {
        await (await boss).send('endless', {})
      },
      async work(onStart) {
        const opened = await boss
        await opened.start()
        await opened.work('endless', { pollingIntervalSeconds: 0.5 }, () => {
          onStart()
          return new Promise(() => undefined)
        })
      },
    }
  },
}
