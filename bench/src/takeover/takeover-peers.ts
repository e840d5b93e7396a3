/** Who takes part. */
import { findPeer, type PeersByServer } from '../peers-by-server.ts'
import type { TakeoverPeer, TakeoverSite } from './takeover-peer.ts'

type TakeoverPeerFactory = (site: TakeoverSite) => TakeoverPeer | Promise<TakeoverPeer>

/** A peer is loaded in the process that needs it. */
const TAKEOVER_PEERS: PeersByServer<() => Promise<TakeoverPeerFactory>> = {
  postgres: {
    quarterjack: async () => (await import('./quarterjack.ts')).quarterjackOnPg,
    'pg-boss': async () => (await import('./pg-boss.ts')).pgBoss,
  },
  redis: {
    quarterjack: async () => (await import('./quarterjack.ts')).quarterjackOnRedis,
    bullmq: async () => (await import('./bullmq.ts')).bullmq,
  },
}

export async function connectTakeoverPeer(name: string, site: TakeoverSite): Promise<TakeoverPeer> {
  const load = findPeer(TAKEOVER_PEERS, name, site.url)
  return await (await load())(site)
}
