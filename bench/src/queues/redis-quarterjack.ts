/** Ours on Redis: as much history as it keeps by default. */
import { JOB_DEFAULTS } from '@quarterjack/core'
import type { ClientName } from '../redis/clients.ts'
import { openStore } from '../redis/open-store.ts'
import { JOB, quarterjack } from './quarterjack.ts'
import type { QueuePeerFactory } from './queue-peer.ts'

export function quarterjackOnRedis(client: ClientName): QueuePeerFactory {
  return async (url) => {
    const { store, end } = await openStore(url, client)
    return quarterjack({
      store,
      keep: JOB_DEFAULTS.keepSucceeded,
      async isDrained() {
        const { jobs } = await store.runs.stats({ jobs: [JOB] })
        return jobs.every(({ pending, waiting, running }) => pending + waiting + running === 0)
      },
      end,
    })
  }
}
