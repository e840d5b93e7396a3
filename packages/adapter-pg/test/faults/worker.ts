/** A service of its own process, on Postgres. Started by `site.ts`. */
import { pgStore } from '@quarterjack/adapter-pg'
import { readPlan } from '@quarterjack/fault-kit/fork-program'
import { runWorker } from '@quarterjack/fault-kit/run-worker'
import { Pool } from 'pg'
import { openEffects } from './effects.ts'
import type { PgWorkerPlan } from './worker-plan.ts'

const plan = readPlan<PgWorkerPlan>()
// What the README of `pg` suggests; `application_name` is what a person sees in pg_stat_activity.
const pool = new Pool({ connectionString: plan.storeUrl, max: 5, application_name: plan.name })
await runWorker(plan, { store: pgStore({ pool }), effects: openEffects(plan.effectsUrl), close: () => pool.end() })
