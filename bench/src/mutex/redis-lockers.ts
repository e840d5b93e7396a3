/** Mutexes on Redis through the client that was asked for: ours, and what none can do without. */
import { randomUUID } from 'node:crypto'
import type { ClientName } from '../redis/clients.ts'
import { openStore } from '../redis/open-store.ts'
import { connectScriptClient } from '../redis/script-client.ts'
import { LEASE_MS, type LockerFactory } from './locker.ts'
import { takeAndReleaseOf } from './quarterjack.ts'

export function quarterjackOnRedis(client: ClientName): LockerFactory {
  return async (url) => takeAndReleaseOf((await openStore(url, client)).store)
}

/** KEYS: the lock. ARGV: its holder. */
const COMPARE_AND_DELETE = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`

/** SET NX PX, and a compare-and-delete: neither fenced nor fair. */
export function bareOnRedis(name: ClientName): LockerFactory {
  return async (url) => {
    const client = await connectScriptClient(url, name)
    const compareAndDelete = await client.load(COMPARE_AND_DELETE)
    return async (lock) => {
      const holder = randomUUID()
      const taken = await client.command('SET', lock, holder, 'NX', 'PX', String(LEASE_MS))
      if (taken === null) throw new Error(`${lock} was taken`)
      await compareAndDelete([lock], [holder])
    }
  }
}
