/** A process that takes a mutex on Redis again and again. Started by `mutex.test.ts`. */
import { readPlan } from '@quarterjack/fault-kit/fork-program'
import { runLockWorker, type LockPlan } from '@quarterjack/fault-kit/run-lock-worker'
import { redisStore } from '../../src/index.ts'
import { openHolds, type HoldsPlace } from './holds.ts'
import { openClient, type ClientKind } from './open-client.ts'

/** What it is told. */
export interface RedisLockPlan extends LockPlan {
  readonly client: ClientKind
  readonly storeUrl: string
  readonly holds: HoldsPlace
}

const plan = readPlan<RedisLockPlan>()
const { client, end } = await openClient(plan.client, plan.storeUrl, plan.name)
await runLockWorker(plan, { store: redisStore({ client }), holds: await openHolds(plan.holds), close: end })
