/**
 * A process that takes a mutex again and again: `fork(…, [JSON of LockPlan])`. While it holds it, it notes so in a Redis of
 * the test's own, under its fence.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { createMutex, QuarterjackError } from '@quarterjack/core'
import { redisStore } from '../../src/index.ts'
import { openHolds, type HoldsPlace } from './holds.ts'
import { openClient, type ClientKind } from './open-client.ts'

/** What it is told. */
export interface LockPlan {
  readonly name: string
  readonly client: ClientKind
  readonly url: string
  readonly holds: HoldsPlace
  readonly leaseMs: number
  readonly holdMs: number
}

const plan = JSON.parse(process.argv[2] ?? '') as LockPlan
const opened = await openClient(plan.client, plan.url, plan.name)
// What it notes must not suffer from what the mutex suffers from.
const holds = await openHolds(plan.holds)
const store = redisStore({ client: opened.client })
const mutex = createMutex(store, 'door', { lease: plan.leaseMs })
const BEARABLE: readonly string[] = ['LeaseLost', 'StoreUnavailable', 'StoreTimedOut']
let isOver = false

process.on('disconnect', () => process.exit(1))
process.on('message', () => {
  isOver = true
})
process.send?.('ready')

while (!isOver) {
  try {
    await mutex.withLock(async ({ fence, signal }) => {
      await holds.begin(fence, plan.name)
      await sleep(plan.holdMs, undefined, { signal }).catch(() => undefined)
      const wrote = await holds.write(fence)
      await holds.end(fence, { told: signal.aborted, wrote })
    })
  } catch (error) {
    if (!QuarterjackError.isInstance(error) || !BEARABLE.includes(error.code)) throw error
    await sleep(50)
  }
}
await store.close()
opened.end()
await holds.close()
process.exit(0)
