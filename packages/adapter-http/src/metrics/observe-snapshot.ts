/** Gauges from the health snapshot, which all of them share. */
import type { HealthSnapshot, JobHealth, RollupHealth } from '@quarterjack/core'
import type { Gauge, Registry } from 'prom-client'
import type { Snapshot } from '../health/snapshot-cache.ts'
import { statusCodeOf } from '../health/status-code.ts'
import { type MetricDescription, SNAPSHOT_METRICS, type SnapshotMetric } from './names.ts'
import type { PromClient } from './prom-client.ts'

type Fill = (gauge: Gauge<string>, snapshot: Snapshot) => void

/** Registers them; each fills itself when it is collected. */
export function observeSnapshot(look: () => Promise<Snapshot>, prom: PromClient, registry: Registry): void {
  for (const [key, { name, help, labels }] of Object.entries(SNAPSHOT_METRICS) as [SnapshotMetric, MetricDescription][]) {
    const fill = FILL[key]
    new prom.Gauge({
      name,
      help,
      labelNames: [...labels],
      registers: [registry],
      async collect() {
        const snapshot = await look()
        // What is no longer there must not be shown for ever.
        this.reset()
        fill(this, snapshot)
      },
    })
  }
}

const ofJobs =
  (value: (job: JobHealth) => number | null): Fill =>
  (gauge, { jobs }) => {
    for (const { health: job } of jobs()) {
      const one = value(job)
      if (one !== null) gauge.set({ job: job.job }, one)
    }
  }
/** Of those about which the store says something. */
const ofRollups =
  (value: (rollup: RollupHealth) => number): Fill =>
  (gauge, { health: { rollups } }) => {
    for (const rollup of rollups) if (rollup.freshness !== null) gauge.set({ rollup: rollup.rollup }, value(rollup))
  }
const ofAll =
  (value: (health: HealthSnapshot) => number | null): Fill =>
  (gauge, { health }) => {
    const one = value(health)
    if (one !== null) gauge.set(one)
  }
const isOn = (flag: boolean): number => (flag ? 1 : 0)

const FILL: Readonly<Record<SnapshotMetric, Fill>> = {
  healthy: ofAll(({ status }) => isOn(statusCodeOf(status) === 200)),
  jobHealthy: ofJobs(({ status }) => isOn(statusCodeOf(status) === 200)),
  jobSuspended: ofJobs(({ suspended }) => isOn(suspended !== null)),
  queueDepth: (gauge, { health: { jobs } }) => {
    for (const { job, pending, waiting, running } of jobs) {
      gauge.set({ job, state: 'pending' }, pending)
      gauge.set({ job, state: 'waiting' }, waiting)
      gauge.set({ job, state: 'running' }, running)
    }
  },
  oldestDue: ofJobs(({ overdueMs }) => overdueMs / 1_000),
  consecutiveFailures: ofJobs(({ consecutiveFailures }) => consecutiveFailures),
  lastSuccess: ofJobs(({ lastSuccess }) => (lastSuccess === null ? null : Date.parse(lastSuccess.at) / 1_000)),
  owners: ofAll(({ owners }) => owners),
  permits: ofAll(({ concurrency }) => concurrency),
  permitsTaken: ofAll(({ running }) => running),
  stuckRuns: ofAll(({ stuck }) => stuck.length),
  loopLag: ofAll(({ loopLagMs }) => loopLagMs.last / 1_000),
  storeReachable: ofAll(({ store }) => isOn(store.reachable)),
  storeLatency: (gauge, { health: { store } }) => {
    for (const [name, quantile] of [
      ['p50', '0.5'],
      ['p95', '0.95'],
      ['p99', '0.99'],
    ] as const) {
      const ms = store.latencyMs[name]
      if (ms !== null) gauge.set({ quantile }, ms / 1_000)
    }
  },
  clockOffset: ofAll(({ store }) => (store.clockOffsetMs === null ? null : store.clockOffsetMs / 1_000)),
  rollupLag: ofRollups(({ lagMs }) => lagMs / 1_000),
  rollupDirtyAge: ofRollups(({ dirtyMs }) => dirtyMs / 1_000),
  rollupOnTarget: ofRollups(({ isOnTarget }) => isOn(isOnTarget)),
  rollupDirty: ofRollups(({ dirty }) => dirty),
  rollupFailed: ofRollups(({ failed }) => failed),
  rollupSuspect: ofRollups(({ suspect }) => suspect),
  rollupSealed: ofRollups(({ sealed }) => sealed),
}
