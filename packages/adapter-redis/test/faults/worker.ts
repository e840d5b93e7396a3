/** A service of its own process, on Redis. Started by `site.ts`. */
import { readPlan } from '@quarterjack/fault-kit/fork-program'
import { runWorker } from '@quarterjack/fault-kit/run-worker'
import { redisStore } from '../../src/index.ts'
import { openEffects } from './effects.ts'
import { openClient } from './open-client.ts'
import type { RedisWorkerPlan } from './worker-plan.ts'

const plan = readPlan<RedisWorkerPlan>()
const effects = await openEffects(plan.record)
const { client, end } = await openClient(plan.client, plan.storeUrl, plan.name)
await runWorker(plan, { store: redisStore({ client, prefix: plan.prefix }), effects, close: end })
