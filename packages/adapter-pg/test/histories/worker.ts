/** A worker of a history in a process of its own. Started by `workers.ts`. */
import { createScheduler } from '@quarterjack/core'
import { readPlan } from '@quarterjack/fault-kit/fork-program'
import { pgStore } from '../../src/index.ts'
import { defineBoth, LEASE_MS } from './rollups.ts'
import { openPool, type WorkerPlan } from './workers.ts'
import { chanceOf } from './writers.ts'

const plan = readPlan<WorkerPlan>()
const jobs = [...defineBoth(plan.settings, chanceOf(plan.napSeed))]
await createScheduler({ store: pgStore({ pool: openPool(plan) }), jobs, logger: false, lease: LEASE_MS }).start()
process.on('disconnect', () => process.exit(0))
process.send?.({ kind: 'ready' })
