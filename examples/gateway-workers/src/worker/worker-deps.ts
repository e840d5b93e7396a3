/** What every worker is given. */
import type { RunContext, Scheduler } from '@quarterjack/core'
import type { Database } from '../db/open-database.ts'
import type { Queries } from '../db/queries.ts'

/** Work and the success of its run are committed together, or neither is. */
export type Transact = <Result>(ctx: RunContext, work: (tx: Queries) => Promise<Result>) => Promise<Result>

export interface WorkerDeps {
  readonly db: Database
  readonly transact: Transact
  /** False: an external cron calls the endpoints, and nothing runs by itself. */
  readonly isScheduled: boolean
  /** Cron, in UTC. Default: every six hours. */
  readonly batchSchedule?: string | undefined
  /** Epoch ms. */
  readonly now: () => number
  /** The scheduler that the jobs will belong to. */
  readonly scheduler: () => Scheduler
}

/** The instant that a run is about: its slot, however late it is, or now. */
export function instantOf(ctx: RunContext, { now }: WorkerDeps): number {
  return ctx.slot?.getTime() ?? now()
}
