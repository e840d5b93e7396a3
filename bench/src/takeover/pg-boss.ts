/** pg-boss, told to be quick about it. */
import { PgBoss } from 'pg-boss'
import { JOB, type TakeoverPeer, type TakeoverSite } from './takeover-peer.ts'

export function pgBoss({ url, leaseMs }: TakeoverSite): TakeoverPeer {
  const boss = new PgBoss({
    connectionString: url,
    superviseIntervalSeconds: 1,
    monitorIntervalSeconds: 1,
    queueCacheIntervalSeconds: 1,
    useListenNotify: false,
  })
  return {
    async open() {
      await boss.start()
      await boss.createQueue(JOB, { heartbeatSeconds: Math.round(leaseMs / 1_000), retryLimit: 3, retryDelay: 0 })
    },
    async trigger() {
      await boss.send(JOB, {})
    },
    async work(onStart) {
      await boss.start()
      await boss.work(JOB, { pollingIntervalSeconds: 0.5 }, () => {
        onStart()
        return new Promise(() => undefined)
      })
    },
  }
}
