/** How far backfills are: not in the health snapshot, so the store is asked once per scrape, where there are rollups. */
import type { BackfillView, Scheduler } from '@quarterjack/core'
import type { Registry } from 'prom-client'
import { BACKFILL_METRICS } from './names.ts'
import type { PromClient } from './prom-client.ts'

const MOST_BACKFILLS = 200

/** Registers the gauge, which fills itself when it is collected. */
export function observeBackfills(scheduler: Pick<Scheduler, 'jobs' | 'rollups'>, prom: PromClient, registry: Registry): void {
  const hasRollups = scheduler.jobs.some((one) => 'kind' in one && one.kind === 'rollup')
  const { name, help, labels } = BACKFILL_METRICS.backfillShare
  new prom.Gauge({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
    async collect() {
      const shares = hasRollups ? await readShares(scheduler) : []
      this.reset()
      for (const [rollup, share] of shares) this.set({ rollup }, share)
    },
  })
}

/** Never throws: while the store does not answer, other metrics say so. */
async function readShares({ rollups }: Pick<Scheduler, 'rollups'>): Promise<readonly (readonly [string, number])[]> {
  try {
    const unfinished = await rollups.backfills({ unfinished: true, limit: MOST_BACKFILLS })
    const running = unfinished.filter(({ state }) => state === 'running')
    return [...Map.groupBy(running, ({ rollup }) => rollup)].map(([rollup, backfills]) => [rollup, shareOf(backfills)] as const)
  } catch {
    return []
  }
}

/** Of several at a time, as if they were one. */
function shareOf(backfills: readonly BackfillView[]): number {
  const sum = (of: (one: BackfillView) => number): number => backfills.reduce((total, one) => total + of(one), 0)
  const total = sum((one) => one.total)
  return total === 0 ? 0 : sum((one) => one.share * one.total) / total
}
