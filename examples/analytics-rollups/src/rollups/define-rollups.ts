/** Every rollup of the service: what is counted, over which windows, and when. */
import { avg, count, countIf, percentile, ratio, refreshMaterializedView, sqlRollup, sum } from '@quarterjack/adapter-pg'
import { defineJob, defineRollup, every, type Job, type Rollup } from '@quarterjack/core'
import type { Config } from '../config.ts'
import type { Database } from '../db/open-database.ts'
import { loggedRefresh } from './logged-refresh.ts'
import type { LineLog } from '../observe/log-lines.ts'

export const SPANS = { source: 'analytics.execution_spans', time: 'started_at' } as const
export const LOGS = { source: 'analytics.calculation_logs', time: 'created_at' } as const

/** How far back late rows count: one day more than a backfill of 90 days could reach. */
const LATENESS = '91d'

export interface AnalyticsRollups {
  /** Today and yesterday, near real time: the scheduler of the first document. */
  readonly calculations: Rollup
  /** The CronJobs of the second one. */
  readonly hourly: Rollup
  readonly daily: Rollup
  readonly models: Rollup
  readonly view: Job<undefined, void>
}

export interface RollupDeps {
  readonly config: Pick<Config, 'historyStart' | 'intervalHours' | 'debounceSeconds'>
  readonly db: Database
  readonly log: LineLog
  readonly now: () => number
}

const isRun = `r.span_type in ('WORKFLOW_RUN', 'AGENT_RUN')`
const executions = countIf(isRun)
const failures = countIf(`${isRun} and r.status = 'failed'`)
const duration = `case when ${isRun} then r.duration_ms end`

export function defineRollups({ config, db, log, now }: RollupDeps): AnalyticsRollups {
  const { historyStart, intervalHours, debounceSeconds } = config
  const debounce = { wait: `${debounceSeconds * 1_000}ms`, maxWait: `${debounceSeconds * 6_000}ms` } as const
  const retry = { retries: 5, minTimeout: '1s', maxTimeout: '1m' } as const
  const shared = { start: historyStart, capture: 'complete', allowedLateness: LATENESS, debounce, retry } as const

  const calculations = defineRollup({
    ...shared,
    name: 'calculation-stats',
    grain: 'day',
    source: LOGS.source,
    // The hybrid: a sweep per interval over yesterday and today, and in between whatever was marked.
    live: true,
    lookback: 1,
    schedule: every(`${intervalHours}h`),
    runOnStart: true,
    freshness: { warnAfter: `${intervalHours}h`, errorAfter: `${2 * intervalHours}h` },
    timeout: '5m',
    refresh: loggedRefresh(
      sqlRollup({
        ...LOGS,
        target: 'analytics.calculation_stats_daily',
        by: ['publisher_id', 'source'],
        measures: {
          calculations: count(),
          cache_hits: countIf('r.cache_hit'),
          failures: countIf('r.failed'),
          response_time_ms: avg('r.response_time_ms'),
        },
      }),
      log,
      now,
    ),
  })

  const hourlySql = sqlRollup({
    ...SPANS,
    target: 'analytics.hourly_analytics',
    by: ['user_id', 'entity_type', 'entity_id'],
    measures: {
      executions,
      failures,
      success_rate: ratio(countIf(`${isRun} and r.status = 'completed'`), executions),
      input_tokens: sum('r.input_tokens'),
      output_tokens: sum('r.output_tokens'),
      cost_usd: sum('r.cost_usd'),
      duration_ms: avg(duration),
      p95_duration_ms: percentile(0.95, duration),
    },
  })
  // Due five minutes after the hour: `grace` of an hourly rollup, unless told otherwise.
  const hourly = defineRollup({
    ...shared,
    name: 'hourly-analytics',
    grain: 'hour',
    source: SPANS.source,
    freshness: { warnAfter: '1h', errorAfter: '2h' },
    timeout: '5m',
    refresh: hourlySql,
  })

  // 00:05 UTC. Put together from hours, so it waits for them, and follows when a late row changes one.
  const daily = defineRollup({
    ...shared,
    name: 'daily-analytics',
    grain: 'day',
    after: [hourly],
    freshness: { warnAfter: '1h', errorAfter: '6h' },
    timeout: '10m',
    refresh: sqlRollup({
      from: hourlySql,
      target: 'analytics.daily_analytics',
      measures: ['executions', 'failures', 'success_rate', 'input_tokens', 'output_tokens', 'cost_usd', 'duration_ms'],
    }),
  })

  const models = defineRollup({
    ...shared,
    name: 'model-usage-stats',
    grain: 'day',
    source: SPANS.source,
    freshness: { warnAfter: '1h', errorAfter: '6h' },
    timeout: '10m',
    refresh: sqlRollup({
      ...SPANS,
      target: 'analytics.model_usage_stats',
      by: ['provider', 'model'],
      where: `r.span_type = 'MODEL_GENERATION'`,
      measures: {
        calls: count(),
        failures: countIf(`r.status = 'failed'`),
        input_tokens: sum('r.input_tokens'),
        output_tokens: sum('r.output_tokens'),
        cost_usd: sum('r.cost_usd'),
        duration_ms: avg('r.duration_ms'),
      },
    }),
  })

  const view = defineJob({
    name: 'recent-activity-summary',
    after: [daily],
    overlap: 'skip',
    timeout: '10m',
    retry: { retries: 2, minTimeout: '10s' },
    run: refreshMaterializedView(db.client, 'analytics.recent_activity_summary', { concurrently: true }),
  })

  return { calculations, hourly, daily, models, view }
}
