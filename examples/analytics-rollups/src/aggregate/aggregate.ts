/** Aggregates now what was asked for, and tells how far it is. */
import { type BackfillView, type Rollup, type Scheduler, QuarterjackError } from '@quarterjack/core'
import type { AnalyticsRollups } from '../rollups/define-rollups.ts'
import type { AggregateTask } from './read-args.ts'

export interface AggregateDeps {
  readonly scheduler: Scheduler
  readonly rollups: AnalyticsRollups
  readonly write: (line: string) => void
}

/** The scheduler must be started. False: something failed, and was told. */
export async function aggregate(task: AggregateTask & { kind: 'sweep' | 'backfill' }, deps: AggregateDeps): Promise<boolean> {
  try {
    return task.kind === 'sweep' ? await sweep(task.of, deps) : await fill(task.range, deps)
  } catch (error) {
    if (!QuarterjackError.isInstance(error)) throw error
    deps.write(`failed: ${error.message}`)
    return false
  }
}

async function sweep(of: 'hourly' | 'daily', { scheduler, rollups, write }: AggregateDeps): Promise<boolean> {
  let isWhole = true
  const all = of === 'hourly' ? [rollups.hourly] : [rollups.hourly, rollups.daily, rollups.models]
  for (const rollup of all) {
    const run = await scheduler.trigger(rollup)
    const { refreshed, failed } = await run.finished()
    write(`${rollup.name}: ${refreshed} windows refreshed${failed > 0 ? `, ${failed} failed` : ''}`)
    isWhole &&= failed === 0
  }
  if (of === 'daily') await refreshView(scheduler, rollups, write)
  return isWhole
}

async function fill(range: Parameters<Scheduler['backfill']>[1], { scheduler, rollups, write }: AggregateDeps): Promise<boolean> {
  let isWhole = true
  // Days are put together from hours, so hours come first.
  for (const rollup of [rollups.hourly, rollups.daily, rollups.models, rollups.calculations]) {
    const backfill = await scheduler.backfill(rollup, range)
    const { state, failed } = await backfill.finished({ onProgress: quarters(rollup, write) })
    isWhole &&= state === 'finished' && failed === 0
  }
  await refreshView(scheduler, rollups, write)
  return isWhole
}

/** A line for each quarter, and for the end. */
function quarters({ name }: Rollup, write: (line: string) => void): (progress: BackfillView) => void {
  let told = -1
  return ({ share, done, failed, total, state }) => {
    const quarter = Math.floor(share * 4)
    if (quarter === told && state !== 'finished') return
    told = quarter
    const bar = '█'.repeat(Math.round(share * 20)).padEnd(20, '░')
    write(
      `[${bar}] ${String(Math.round(share * 100)).padStart(3)} %  ${name}: ${done} of ${total} windows${failed > 0 ? `, ${failed} failed` : ''}`,
    )
  }
}

async function refreshView(scheduler: Scheduler, { view }: AnalyticsRollups, write: (line: string) => void): Promise<void> {
  const run = await scheduler.trigger(view)
  if (run.outcome !== 'skipped') await run.finished()
  write(`${view.name}: refreshed`)
}
