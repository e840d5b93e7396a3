/** Who takes part. */
import { versionOf } from '../versions.ts'
import type { QueuePeerFactory } from './queue-peer.ts'

/** By name; a peer is loaded in the process that needs it. */
export const QUEUE_PEERS: Readonly<Record<string, () => Promise<QueuePeerFactory>>> = {
  quarterjack: async () => (await import('./quarterjack.ts')).quarterjack,
  'graphile-worker': async () => (await import('./graphile-worker.ts')).graphileWorker,
  'pg-boss': async () => (await import('./pg-boss.ts')).pgBoss,
  bare: async () => (await import('./bare.ts')).bare,
}

/** Of the package, or of the client where there is none. */
export function queuePeerVersion(peer: string): string {
  return peer === 'bare' ? `pg ${versionOf('pg')}` : versionOf(peer)
}
