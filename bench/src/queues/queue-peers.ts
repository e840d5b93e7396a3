/** Who takes part. */
import { findPeer, type PeersByServer } from '../peers-by-server.ts'
import { versionOf } from '../versions.ts'
import type { QueuePeer, QueuePeerFactory, Tuning } from './queue-peer.ts'

/** A peer is loaded in the process that needs it. */
export const QUEUE_PEERS: PeersByServer<() => Promise<QueuePeerFactory>> = {
  postgres: {
    quarterjack: async () => (await import('./pg-quarterjack.ts')).quarterjackOnPg,
    'graphile-worker': async () => (await import('./graphile-worker.ts')).graphileWorker,
    'pg-boss': async () => (await import('./pg-boss.ts')).pgBoss,
    bare: async () => (await import('./pg-bare.ts')).bareOnPg,
  },
  redis: {
    quarterjack: async () => (await import('./redis-quarterjack.ts')).quarterjackOnRedis('redis'),
    'quarterjack-ioredis': async () => (await import('./redis-quarterjack.ts')).quarterjackOnRedis('ioredis'),
    bullmq: async () => (await import('./bullmq.ts')).bullmq,
    bare: async () => (await import('./redis-bare.ts')).bareOnRedis('redis'),
    'bare-ioredis': async () => (await import('./redis-bare.ts')).bareOnRedis('ioredis'),
  },
}

/** Loads it, connects and opens it. */
export async function openQueue(name: string, url: string, tuning: Tuning): Promise<QueuePeer> {
  const load = findPeer(QUEUE_PEERS, name, url)
  const peer = await (await load())(url, tuning)
  await peer.open()
  return peer
}

/** Of the package, or of the client where there is none. */
export function pgQueueVersion(peer: string): string {
  return peer === 'bare' ? `pg ${versionOf('pg')}` : versionOf(peer)
}
