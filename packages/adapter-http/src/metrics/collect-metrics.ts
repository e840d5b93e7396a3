/** `collectMetrics`: a scheduler's metrics for Prometheus, in a registry of prom-client. */
import type { Clock, Duration, Scheduler } from '@quarterjack/core'
import type { Counter, Registry } from 'prom-client'
import { checkedOptions, QuarterjackError } from '@quarterjack/core/store'
import * as z from 'zod/mini'
import { systemClock } from '../clock.ts'
import { durationMs, durationOption } from '../duration.ts'
import { snapshotOf } from '../health/snapshot-cache.ts'
import { requireScheduler } from '../require-scheduler.ts'
import { countEvents } from './count-events.ts'
import { observeBackfills } from './observe-backfills.ts'
import { observeSnapshot } from './observe-snapshot.ts'
import { EVENT_METRICS, METRICS } from './names.ts'
import { loadPromClient } from './prom-client.ts'

/** What a `Registry` of prom-client is to this package. */
export interface MetricsRegistry {
  readonly contentType: string
  metrics(): Promise<string>
  removeSingleMetric(name: string): void
}

/** Options of {@link collectMetrics}. */
export interface MetricsOptions {
  /** Your own `Registry` of prom-client. Default: one of its own. */
  readonly registry?: MetricsRegistry | undefined
  /** How long one look at the store serves. Default `'1s'`. */
  readonly cacheFor?: Duration | undefined
  /** For tests. */
  readonly clock?: Clock | undefined
}

/** Metrics that are collected until `stop`. */
export interface CollectedMetrics {
  readonly contentType: string
  /** The whole registry as Prometheus text. */
  text(): Promise<string>
  /** Stops counting, and takes the metrics out of the registry. */
  stop(): void
}

const DEFAULT_CACHE_FOR = '1s'
const HAS_NO_PREFIX = 'the names are fixed, so that dashboards fit; tell services apart by labels of the registry, or of the scrape'

const hasMembers = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  ['metrics', 'registerMetric', 'getSingleMetric', 'removeSingleMetric'].every((name) => typeof Reflect.get(value, name) === 'function')

const optionsSchema = z.strictObject({
  registry: z.optional(z.custom<MetricsRegistry>(hasMembers, 'must be a Registry of prom-client: new Registry()')),
  cacheFor: z.optional(durationOption(0)),
  clock: z.optional(z.custom<Clock>((value) => typeof value === 'object' && value !== null && 'monotonic' in value, 'must be a Clock')),
})

/**
 * Counts what happens in this process and observes the health snapshot, with prom-client, which it loads. One scheduler per
 * registry. Labels never hold keys or run ids, whose number has no bound. Throws `InvalidOption`, also when prom-client is missing or
 * the registry has such metrics already.
 *
 * @example
 * const metrics = await collectMetrics(scheduler)
 * const handler = createHandler(scheduler, { metrics, authorize })
 */
export async function collectMetrics(scheduler: Scheduler, options: MetricsOptions = {}): Promise<CollectedMetrics> {
  requireScheduler(scheduler, 'collectMetrics')
  checkedOptions(optionsSchema, options, { what: 'collectMetrics', hints: { register: 'write registry', prefix: HAS_NO_PREFIX } })
  const cacheMs = durationMs(options.cacheFor ?? DEFAULT_CACHE_FOR) as number
  const clock = options.clock ?? systemClock
  const prom = await loadPromClient()
  const registry = (options.registry ?? new prom.Registry()) as unknown as Registry
  refuseTaken(registry)
  const look = (): ReturnType<typeof snapshotOf> => snapshotOf(scheduler, cacheMs, clock)
  const stopCounting = countEvents(scheduler, prom, registry)
  observeSnapshot(look, prom, registry)
  observeBackfills(scheduler, prom, registry)
  // A first death is an increase only where there was a 0 before.
  const deaths = registry.getSingleMetric(EVENT_METRICS.deadLetters.name) as Counter<string>
  for (const { name } of scheduler.jobs) deaths.inc({ job: name }, 0)
  return Object.freeze({
    contentType: registry.contentType,
    text: () => registry.metrics(),
    stop() {
      stopCounting()
      for (const { name } of METRICS) registry.removeSingleMetric(name)
    },
  })
}

/** Two schedulers would count into one another's metrics. */
function refuseTaken(registry: Registry): void {
  const taken = METRICS.find(({ name }) => registry.getSingleMetric(name) !== undefined)
  if (taken === undefined) return
  throw new QuarterjackError(
    'InvalidOption',
    `collectMetrics: registry: it has ${taken.name} already. Call stop() of what was collected into it before, or give each scheduler a registry of its own, served at an address of its own.`,
  )
}
