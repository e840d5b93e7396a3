/** Ours, on either store. */
import { createScheduler, defineJob, type Store } from '@quarterjack/core'
import { JOB, type TakeoverPeer, type TakeoverSite } from './takeover-peer.ts'

export async function quarterjackOnPg({ url, leaseMs }: TakeoverSite): Promise<TakeoverPeer> {
  const [{ pgStore }, { Pool }] = await Promise.all([import('@quarterjack/adapter-pg'), import('pg')])
  return over(pgStore({ pool: new Pool({ connectionString: url }) }), leaseMs)
}

export async function quarterjackOnRedis({ url, leaseMs }: TakeoverSite): Promise<TakeoverPeer> {
  const { openStore } = await import('../redis/open-store.ts')
  return over((await openStore(url, 'redis')).store, leaseMs)
}

function over(store: Store, leaseMs: number): TakeoverPeer {
  let onStart: () => void = () => undefined
  const job = defineJob({
    name: JOB,
    run: () => {
      onStart()
      return new Promise(() => undefined)
    },
  })
  const scheduler = createScheduler({ store, jobs: [job], concurrency: 100, lease: leaseMs })
  return {
    open: () => store.open(),
    async trigger() {
      await scheduler.trigger(job)
    },
    work(listener) {
      onStart = listener
      return scheduler.start()
    },
  }
}
