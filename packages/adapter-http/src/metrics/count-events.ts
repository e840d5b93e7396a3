/** Counters and histograms from a scheduler's events. */
import type { Scheduler } from '@quarterjack/core'
import type { Counter, Histogram, Registry } from 'prom-client'
import { EVENT_METRICS, type MetricDescription } from './names.ts'
import type { PromClient } from './prom-client.ts'

/** From milliseconds to an hour, in seconds. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600]

/** Counts until the returned function is called. */
export function countEvents(scheduler: Pick<Scheduler, 'on'>, prom: PromClient, registry: Registry): () => void {
  const registers = [registry]
  const counter = ({ name, help, labels }: MetricDescription): Counter<string> =>
    new prom.Counter({ name, help, labelNames: [...labels], registers })
  const histogram = ({ name, help, labels }: MetricDescription): Histogram<string> =>
    new prom.Histogram({ name, help, labelNames: [...labels], buckets: BUCKETS, registers })

  const runs = counter(EVENT_METRICS.runs)
  const duration = histogram(EVENT_METRICS.duration)
  const lateness = histogram(EVENT_METRICS.lateness)
  const deadLetters = counter(EVENT_METRICS.deadLetters)
  const skippedSlots = counter(EVENT_METRICS.skippedSlots)
  const staleResults = counter(EVENT_METRICS.staleResults)
  const leaseLosses = counter(EVENT_METRICS.leaseLosses)
  const storeFailures = counter(EVENT_METRICS.storeFailures)
  const storeLosses = counter(EVENT_METRICS.storeLosses)
  const listenerFailures = counter(EVENT_METRICS.listenerFailures)

  const ended = (job: string, outcome: string, durationMs?: number): void => {
    runs.inc({ job, outcome })
    if (durationMs !== undefined) duration.observe({ job, outcome }, durationMs / 1_000)
  }
  const undo = [
    scheduler.on('run.started', ({ job, latenessMs }) => lateness.observe({ job }, latenessMs / 1_000)),
    scheduler.on('run.succeeded', ({ job, durationMs }) => ended(job, 'succeeded', durationMs)),
    scheduler.on('run.retrying', ({ job, durationMs }) => ended(job, 'retrying', durationMs)),
    scheduler.on('run.dead', ({ job, durationMs }) => {
      ended(job, 'dead', durationMs)
      deadLetters.inc({ job })
    }),
    scheduler.on('run.cancelled', ({ job }) => ended(job, 'cancelled')),
    scheduler.on('run.skipped', ({ job }) => ended(job, 'skipped')),
    scheduler.on('run.released', ({ job }) => ended(job, 'released')),
    scheduler.on('run.stale', ({ job }) => {
      ended(job, 'stale')
      staleResults.inc({ job })
    }),
    scheduler.on('slots.skipped', ({ job, reason, count }) => skippedSlots.inc({ job, reason }, count ?? 0)),
    scheduler.on('lease.lost', () => leaseLosses.inc()),
    scheduler.on('store.failed', ({ verb }) => storeFailures.inc({ verb })),
    scheduler.on('store.lost', () => storeLosses.inc()),
    scheduler.on('listener.failed', () => listenerFailures.inc()),
  ]
  return () => {
    for (const off of undo) off()
  }
}
