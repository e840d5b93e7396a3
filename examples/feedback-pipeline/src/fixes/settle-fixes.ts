/** Fixes whose run died are failed: at once where this process hears of it, and by a sweep where nobody did. */
import { defineJob, every, type Job, type Scheduler } from '@quarterjack/core'
import type { Database } from '../db/open-database.ts'
import type { PipelineMetrics } from '../follow/metrics.ts'
import { deathOf } from './job-status.ts'
import { failFix, listOpenFixes } from './store-fixes.ts'

export interface SettleDeps {
  readonly db: Database
  readonly metrics: PipelineMetrics
  readonly scheduler: () => Scheduler
  readonly now: () => number
}

/** A run that was just triggered is not to be found yet. */
const SETTLED_AFTER_MS = 60_000

/** `settle-fixes`: the process that saw a run die may have died with it. */
export function defineSettleJob(deps: SettleDeps): Job<undefined, { readonly failed: number }> {
  const { db, scheduler, now } = deps
  return defineJob({
    name: 'settle-fixes',
    schedule: every('1m'),
    timeout: '30s',
    run: async (ctx) => {
      let failed = 0
      for (const { runId } of await listOpenFixes(db, now() - SETTLED_AFTER_MS)) {
        const error = deathOf(await scheduler().runs.get(runId))
        if (error !== null && (await fail(deps, runId, error))) failed += 1
      }
      return failed === 0 ? ctx.skip('every fix is as its run') : { failed }
    },
  })
}

/** Returns what ends it. */
export function watchDeaths(deps: SettleDeps): () => void {
  const scheduler = deps.scheduler()
  const stops = [
    scheduler.on('run.dead', async ({ job, runId, reason, error }) => {
      if (job === 'fix-issue') await fail(deps, runId, error?.message ?? reason)
    }),
    scheduler.on('run.cancelled', async ({ job, runId, reason }) => {
      if (job === 'fix-issue') await fail(deps, runId, `cancelled: ${reason}`)
    }),
  ]
  return () => {
    for (const stop of stops) stop()
  }
}

async function fail({ db, metrics, now }: SettleDeps, runId: string, error: string): Promise<boolean> {
  const isFailed = await db.transaction((tx) => failFix(tx, { runId, error, at: now() }))
  if (isFailed) metrics.fixEnded('failed')
  return isFailed
}
