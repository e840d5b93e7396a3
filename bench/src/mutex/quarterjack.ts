/** Ours, on any store: one mutex object per name. */
import { createMutex, type Mutex, type Store } from '@quarterjack/core'
import { LEASE_MS, type TakeAndRelease } from './locker.ts'

export function takeAndReleaseOf(store: Store): TakeAndRelease {
  const mutexes = new Map<string, Mutex>()
  return async (name) => {
    let mutex = mutexes.get(name)
    if (mutex === undefined) {
      mutex = createMutex(store, name, { lease: LEASE_MS })
      mutexes.set(name, mutex)
    }
    await mutex.withLock(() => undefined)
  }
}
