/** Who takes part. */
import { findPeer, type PeersByServer } from '../peers-by-server.ts'
import type { SlotPeer } from './slot-peer.ts'

type SlotPeerFactory = (url: string) => SlotPeer | Promise<SlotPeer>

/** A peer is loaded in the process that needs it. */
const SLOT_PEERS: PeersByServer<() => Promise<SlotPeerFactory>> = {
  postgres: {
    quarterjack: async () => (await import('./pg-quarterjack.ts')).quarterjackOnPg,
    'graphile-worker': async () => (await import('./graphile-worker.ts')).graphileWorker,
    'pg-boss': async () => (await import('./pg-boss.ts')).pgBoss,
  },
  redis: {
    quarterjack: async () => (await import('./redis-quarterjack.ts')).quarterjackOnRedis('redis'),
    'quarterjack-ioredis': async () => (await import('./redis-quarterjack.ts')).quarterjackOnRedis('ioredis'),
    bullmq: async () => (await import('./bullmq.ts')).bullmq,
  },
}

export async function connectSlotPeer(name: string, url: string): Promise<SlotPeer> {
  const load = findPeer(SLOT_PEERS, name, url)
  return await (await load())(url)
}
