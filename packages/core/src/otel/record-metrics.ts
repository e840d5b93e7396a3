/** The metrics of a scheduler. Listed in `docs/events.md`. */
import type { BatchObservableCallback, Meter } from '@opentelemetry/api'
import type { Scheduler } from '../scheduler/scheduler.ts'
import { ATTRIBUTE, END_EVENTS, type EndEvent, endOf } from './attributes.ts'

/** From milliseconds to an hour, in seconds. */
const BOUNDARIES = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600]

/** Records until the returned function is called. Attributes never hold keys or run ids: their number has no bound. */
export function recordMetrics(scheduler: Pick<Scheduler, 'on' | 'health'>, meter: Meter): () => void {
  const stops = [...countRuns(scheduler, meter), ...countTroubles(scheduler, meter), observeLoad(scheduler, meter)]
  return () => {
    for (const stop of stops) stop()
  }
}

function countRuns(scheduler: Pick<Scheduler, 'on'>, meter: Meter): readonly (() => void)[] {
  const advice = { explicitBucketBoundaries: BOUNDARIES }
  const runs = meter.createCounter('quarterjack.runs.ended', { unit: '{run}', description: 'Attempts that ended, by outcome.' })
  const duration = meter.createHistogram('quarterjack.run.duration', { unit: 's', description: 'How long attempts took.', advice })
  const lateness = meter.createHistogram('quarterjack.run.lateness', {
    unit: 's',
    description: 'How long after they were due attempts started.',
    advice,
  })
  return [
    scheduler.on('run.started', ({ job, latenessMs }) => lateness.record(latenessMs / 1_000, { [ATTRIBUTE.job]: job })),
    ...END_EVENTS.map((name) =>
      scheduler.on(name, (event: EndEvent) => {
        const attributes = { [ATTRIBUTE.job]: event.job, [ATTRIBUTE.outcome]: endOf(name) }
        runs.add(1, attributes)
        if ('durationMs' in event) duration.record(event.durationMs / 1_000, attributes)
      }),
    ),
  ]
}

function countTroubles(scheduler: Pick<Scheduler, 'on'>, meter: Meter): readonly (() => void)[] {
  const skipped = meter.createCounter('quarterjack.slots.skipped', {
    unit: '{slot}',
    description: 'Slots skipped when schedules fired, as far as counted.',
  })
  const ranges = meter.createCounter('quarterjack.skip_ranges', {
    unit: '{range}',
    description: 'Ranges of skipped slots, counted or not.',
  })
  const store = meter.createCounter('quarterjack.store.failures', { unit: '{failure}', description: 'Store calls that failed.' })
  const stale = meter.createCounter('quarterjack.stale_results', { unit: '{result}', description: 'Late results that the store refused.' })
  const leases = meter.createCounter('quarterjack.leases.lost', {
    unit: '{lease}',
    description: 'Times this process could not confirm its lease.',
  })
  const listeners = meter.createCounter('quarterjack.listener.failures', {
    unit: '{failure}',
    description: 'Reported failures of event listeners.',
  })
  return [
    scheduler.on('slots.skipped', ({ job, reason, count }) => {
      const attributes = { [ATTRIBUTE.job]: job, [ATTRIBUTE.skipReason]: reason }
      ranges.add(1, { ...attributes, [ATTRIBUTE.counted]: count !== null })
      if (count !== null) skipped.add(count, attributes)
    }),
    scheduler.on('store.failed', ({ verb }) => store.add(1, { [ATTRIBUTE.verb]: verb })),
    scheduler.on('run.stale', ({ job }) => stale.add(1, { [ATTRIBUTE.job]: job })),
    scheduler.on('lease.lost', () => leases.add(1)),
    scheduler.on('listener.failed', () => listeners.add(1)),
  ]
}

function observeLoad(scheduler: Pick<Scheduler, 'health'>, meter: Meter): () => void {
  const running = meter.createObservableGauge('quarterjack.runs.running', {
    unit: '{run}',
    description: 'Runs that execute now, in all processes.',
  })
  const pending = meter.createObservableGauge('quarterjack.runs.pending', { unit: '{run}', description: 'Runs that are due or due later.' })
  const waiting = meter.createObservableGauge('quarterjack.runs.waiting', { unit: '{run}', description: 'Runs that wait at a gate.' })
  const gauges = [running, pending, waiting]
  const observe: BatchObservableCallback = async (result) => {
    const { jobs } = await scheduler.health().catch(() => ({ jobs: [] }))
    for (const job of jobs) {
      const attributes = { [ATTRIBUTE.job]: job.job }
      result.observe(running, job.running, attributes)
      result.observe(pending, job.pending, attributes)
      result.observe(waiting, job.waiting, attributes)
    }
  }
  meter.addBatchObservableCallback(observe, gauges)
  return () => meter.removeBatchObservableCallback(observe, gauges)
}
