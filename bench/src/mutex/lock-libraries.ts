/** Lock libraries on Redis, by hand and without renewal, their faster way; ours renews. */
import { connectIoRedis, connectNodeRedis } from '../redis/clients.ts'
import { LEASE_MS, type TakeAndRelease } from './locker.ts'

export async function redisSemaphore(url: string): Promise<TakeAndRelease> {
  const { Mutex } = await import('redis-semaphore')
  const client = await connectIoRedis(url)
  return async (name) => {
    const mutex = new Mutex(client, name, { lockTimeout: LEASE_MS, refreshInterval: 0 })
    await mutex.acquire()
    await mutex.release()
  }
}

export async function redlock(url: string): Promise<TakeAndRelease> {
  const { Redlock } = await import('@sesamecare-oss/redlock')
  const locks = new Redlock([await connectIoRedis(url)])
  return async (name) => {
    const lock = await locks.acquire([name], LEASE_MS)
    await lock.release()
  }
}

export async function redlockUniversal(url: string): Promise<TakeAndRelease> {
  const { createLock, NodeRedisAdapter } = await import('redlock-universal')
  const adapter = new NodeRedisAdapter(await connectNodeRedis(url))
  return async (key) => {
    const lock = createLock({ adapter, key, ttl: LEASE_MS })
    await lock.release(await lock.acquire())
  }
}
