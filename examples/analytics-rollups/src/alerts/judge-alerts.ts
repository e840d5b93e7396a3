/** What an operator is to be told. Pure: a health snapshot → alerts. */
import type { HealthSnapshot } from '@quarterjack/core'

export interface Alert {
  readonly name: 'RollupLate' | 'RollupStale' | 'RollupFailing' | 'RollupSlow' | 'RollupSuspect'
  readonly job: string
  readonly severity: 'warning' | 'critical'
  readonly text: string
}

/** The old document: "alert when jobs fail > 2 consecutive times". */
const MOST_FAILURES = 2
/** Its typical execution times: "5-30 seconds", "1-5 minutes". */
export const SLOW_MS: Readonly<Record<string, number>> = {
  'calculation-stats': 30_000,
  'hourly-analytics': 30_000,
  'daily-analytics': 300_000,
  'model-usage-stats': 300_000,
  'recent-activity-summary': 300_000,
}

/** Suspended jobs are suspended on purpose: nothing is said of them. */
export function judgeAlerts({ jobs, rollups }: Pick<HealthSnapshot, 'jobs' | 'rollups'>): readonly Alert[] {
  const ofJobs = jobs.flatMap(({ job, suspended, consecutiveFailures, lastFailure, durationMs }): Alert[] => {
    if (suspended !== null) return []
    const slowMs = SLOW_MS[job]
    const alerts: Alert[] = []
    if (consecutiveFailures > MOST_FAILURES) {
      const text = `${consecutiveFailures} runs have failed in a row: ${lastFailure?.error?.message ?? 'no reason is known'}`
      alerts.push({ name: 'RollupFailing', job, severity: 'critical', text })
    }
    if (slowMs !== undefined && durationMs.p95 !== null && durationMs.p95 > slowMs) {
      const text = `runs take ${Math.round(durationMs.p95)} ms (p95), and should take ${slowMs} ms at most`
      alerts.push({ name: 'RollupSlow', job, severity: 'warning', text })
    }
    return alerts
  })
  const ofRollups = rollups.flatMap(({ rollup: job, status, freshness, why, failed, suspect }): Alert[] => {
    if (status === 'suspended' || status === 'stopped') return []
    const alerts: Alert[] = []
    if (freshness === 'stale') alerts.push({ name: 'RollupStale', job, severity: 'critical', text: why.join('; ') })
    if (freshness === 'late' && suspect === 0) alerts.push({ name: 'RollupLate', job, severity: 'warning', text: why.join('; ') })
    if (failed > MOST_FAILURES) {
      alerts.push({ name: 'RollupFailing', job, severity: 'critical', text: `${failed} windows could not be refreshed` })
    }
    if (suspect > 0) {
      const text = `${suspect} windows lost their source rows, and keep their figures`
      alerts.push({ name: 'RollupSuspect', job, severity: 'warning', text })
    }
    return alerts
  })
  return [...ofJobs, ...ofRollups]
}
