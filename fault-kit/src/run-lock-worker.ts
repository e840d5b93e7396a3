/** A process that takes a mutex again and again, and notes under its fence that it holds it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createMutex, QuarterjackError } from '@quarterjack/core'
import type { Store } from '@quarterjack/core/store'
import type { Holds } from './holds.ts'

/** What it is told. Each store adds how its store and its record of holds are reached. */
export interface LockPlan {
  readonly name: string
  readonly leaseMs: number
  readonly holdMs: number
}

/** What it stands on. */
export interface LockWorkerParts {
  readonly store: Store
  readonly holds: Holds
  /** Ends what the store was given, after the store itself. */
  close(): void | Promise<void>
}

const BEARABLE: readonly string[] = ['LeaseLost', 'StoreUnavailable', 'StoreTimedOut']

/** Until it is sent a message, or whoever started it is gone. Ends the process. */
export async function runLockWorker({ name, leaseMs, holdMs }: LockPlan, { store, holds, close }: LockWorkerParts): Promise<void> {
  const mutex = createMutex(store, 'door', { lease: leaseMs })
  let isOver = false
  process.on('disconnect', () => process.exit(1))
  process.on('message', () => {
    isOver = true
  })
  process.send?.('ready')

  while (!isOver) {
    try {
      await mutex.withLock(async ({ fence, signal }) => {
        await holds.begin(fence, name)
        await sleep(holdMs, undefined, { signal }).catch(() => undefined)
        const wrote = await holds.write(fence)
        await holds.end(fence, { told: signal.aborted, wrote })
      })
    } catch (error) {
      if (!QuarterjackError.isInstance(error) || !BEARABLE.includes(error.code)) throw error
      await sleep(50)
    }
  }
  await store.close()
  await Promise.all([close(), holds.close()])
  process.exit(0)
}
