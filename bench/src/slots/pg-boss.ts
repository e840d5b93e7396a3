/** pg-boss: crons of whole minutes, sent by whichever process looks first. */
import { PgBoss } from 'pg-boss'
import { MINUTE_MS, type SlotPeer } from './slot-peer.ts'

export function pgBoss(url: string): SlotPeer {
  const start = async (): Promise<PgBoss> => {
    const boss = new PgBoss({ connectionString: url, cronMonitorIntervalSeconds: 1, cronWorkerIntervalSeconds: 1, useListenNotify: true })
    boss.on('error', (error) => console.error(error))
    await boss.start()
    return boss
  }
  return {
    async open() {
      // Its start makes the schema.
    },
    async set(count) {
      const boss = await start()
      await boss.createQueue('tenant', { notify: true })
      for (let index = 0; index < count; index++) await boss.schedule('tenant', '* * * * *', { key: `k${index}` }, { key: `k${index}` })
      await boss.stop({ graceful: false })
    },
    async work(onFire) {
      const boss = await start()
      const options = {
        batchSize: 100,
        localConcurrency: 4,
        burstWhenBatchFull: true,
        pollingIntervalSeconds: 0.5,
        notifyPollingIntervalSeconds: 0.5,
      }
      await boss.work<{ key: string }>('tenant', options, async (jobs) => {
        // It does not tell the slot.
        const slotAt = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS
        for (const { data } of jobs) onFire(data.key, slotAt)
      })
    },
  }
}
