/** How one rollup is, as health shows it: pure. */
import { isoOf } from '../time/roughly.ts'
import type { RollupFacts } from './health-facts.ts'
import type { HealthStatus, RollupHealth } from './snapshot.ts'

const STATUS = { ok: 'ok', late: 'degraded', stale: 'unhealthy' } as const

/** `suspended`: its job is, so that nothing is refreshed on purpose. */
export function rollupHealth(
  { rollup, freshness }: RollupFacts,
  { stopped, suspended }: { stopped: boolean; suspended: boolean },
): RollupHealth {
  const meant: HealthStatus | null = stopped ? 'stopped' : suspended ? 'suspended' : null
  if (freshness === null) return { rollup, ...NOTHING_KNOWN, status: meant ?? 'ok' }
  const { status, watermark, dueThrough, ...shown } = freshness
  return {
    rollup,
    ...shown,
    status: meant ?? STATUS[status],
    freshness: status,
    watermark: isoOf(watermark),
    dueThrough: isoOf(dueThrough),
  }
}

/** That the store does not answer is said of the store, and of each job. */
const NOTHING_KNOWN: Omit<RollupHealth, 'rollup' | 'status'> = {
  freshness: null,
  why: [],
  watermark: null,
  dueThrough: null,
  lagMs: 0,
  dirtyMs: 0,
  isOnTarget: false,
  dirty: 0,
  held: 0,
  failed: 0,
  suspect: 0,
  sealed: 0,
  pace: null,
}
