/** A process that takes a mutex on Postgres again and again. Started by `mutex.test.ts`. */
import { pgStore } from '@quarterjack/adapter-pg'
import { readPlan } from '@quarterjack/fault-kit/fork-program'
import { runLockWorker, type LockPlan } from '@quarterjack/fault-kit/run-lock-worker'
import { Pool } from 'pg'
import { openHolds } from './holds.ts'

/** What it is told. */
export interface PgLockPlan extends LockPlan {
  readonly storeUrl: string
  /** How it reaches the record: on another server. */
  readonly holdsUrl: string
}

const plan = readPlan<PgLockPlan>()
const pool = new Pool({ connectionString: plan.storeUrl, max: 2 })
await runLockWorker(plan, { store: pgStore({ pool }), holds: openHolds(plan.holdsUrl), close: () => pool.end() })
