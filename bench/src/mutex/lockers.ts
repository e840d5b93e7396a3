/** Who takes part. */
import { findPeer, type PeersByServer } from '../peers-by-server.ts'
import type { LockerFactory, TakeAndRelease } from './locker.ts'

/** A peer is loaded in the process that needs it. */
export const LOCKERS: PeersByServer<() => Promise<LockerFactory>> = {
  postgres: {
    quarterjack: async () => (await import('./pg-lockers.ts')).quarterjackOnPg,
    bare: async () => (await import('./pg-lockers.ts')).bareOnPg,
  },
  redis: {
    quarterjack: async () => (await import('./redis-lockers.ts')).quarterjackOnRedis('redis'),
    'quarterjack-ioredis': async () => (await import('./redis-lockers.ts')).quarterjackOnRedis('ioredis'),
    'redis-semaphore': async () => (await import('./lock-libraries.ts')).redisSemaphore,
    '@sesamecare-oss/redlock': async () => (await import('./lock-libraries.ts')).redlock,
    'redlock-universal': async () => (await import('./lock-libraries.ts')).redlockUniversal,
    bare: async () => (await import('./redis-lockers.ts')).bareOnRedis('redis'),
    'bare-ioredis': async () => (await import('./redis-lockers.ts')).bareOnRedis('ioredis'),
  },
}

export async function connectLocker(name: string, url: string): Promise<TakeAndRelease> {
  const load = findPeer(LOCKERS, name, url)
  return await (await load())(url)
}
