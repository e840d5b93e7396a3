/** From the user's options to a frozen rollup value, without the code that carries it out. */
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { shown } from '../errors/shown.ts'
import { bindSchedules, resolveRetry } from '../job/define-job.ts'
import { parseDay } from '../schedule/calendar-month.ts'
import { formatDuration, parseDuration } from '../time/duration.ts'
import { toInstant } from '../time/instant.ts'
import { fromLocal } from '../time/zone.ts'
import { checkNesting } from './check-nesting.ts'
import { ROLLUP_DEFAULTS } from './defaults.ts'
import { DAY_MS } from './grain.ts'
import type { PlanningPolicy, Rollup, RollupOptions, RollupPolicy } from './rollup.ts'
import { validateRollupOptions } from './rollup-options.ts'
import { findWindows, type Windows } from './windows.ts'

/** Throws `InvalidName`, `InvalidOption` that lists every problem, or `RollupNotNested` when it cannot be put together from what it comes `after`. */
export function resolveRollup(options: RollupOptions): Rollup {
  validateRollupOptions(options)
  const windows = findWindows(options.grain, options.timeZone)
  const planning = resolvePlanning(options, windows)
  const policy: RollupPolicy = {
    name: options.name,
    windows,
    planning,
    sources: Object.freeze(sourcesOf(options)),
    after: Object.freeze((options.after ?? []).map(({ name }) => name)),
    schedules: Object.freeze(bindSchedules(options.name, options.schedule)),
    runOnStart: options.runOnStart ?? false,
    batch: Object.freeze(resolveBatch(options.batch)),
    concurrency: options.concurrency ?? ROLLUP_DEFAULTS.concurrency,
    freshness: Object.freeze(resolveFreshness(options, windows)),
    retry: Object.freeze(resolveRetry({ retries: ROLLUP_DEFAULTS.retries, ...options.retry })),
    timeoutMs: options.timeout === undefined ? null : parseDuration(options.timeout, 'timeout'),
    revision: options.revision ?? options.refresh.revision ?? null,
    refresh: options.refresh,
  }
  checkParents(policy, options.after ?? [])
  return Object.freeze({ kind: 'rollup', name: options.name, policy: Object.freeze(policy) })
}

const ROLLUP_SOURCE = 'rollup:'

/** The source that the rows of a rollup are for those that come after it. */
export function sourceOfRollup(name: string): string {
  return `${ROLLUP_SOURCE}${name}`
}

/** Whether a source is the rows of a rollup. */
export function isSourceOfRollup(source: string): boolean {
  return source.startsWith(ROLLUP_SOURCE)
}

function sourcesOf({ name, source = [], after = [] }: RollupOptions): readonly string[] {
  const given = typeof source === 'string' ? [source] : source
  return [...new Set([name, ...given, ...after.map((child) => sourceOfRollup(child.name))])].sort()
}

function resolvePlanning(options: RollupOptions, windows: Windows): PlanningPolicy {
  const { stepMs } = windows.grain
  const waitMs = parseDuration(options.debounce?.wait ?? ROLLUP_DEFAULTS.wait, 'debounce.wait')
  const maxWaitMs = Math.max(waitMs, parseDuration(options.debounce?.maxWait ?? ROLLUP_DEFAULTS.maxWait, 'debounce.maxWait'))
  const graceMost = parseDuration(ROLLUP_DEFAULTS.graceMost, 'grace')
  const retainMs = options.retain === undefined ? null : parseDuration(options.retain, 'retain')
  if (retainMs !== null && retainMs < stepMs) {
    throw new QuarterjackError(
      'InvalidOption',
      `rollup "${options.name}": retain: ${shown(options.retain)} is shorter than a window of ${windows.grain.text}: nothing could be refreshed. Keep the source at least ${formatDuration(2 * stepMs)}, or use a finer grain.`,
    )
  }
  return Object.freeze({
    startAt: windows.windowOf(startOf(options.start, windows)).start,
    graceMs: options.grace === undefined ? Math.min(graceMost, Math.floor(stepMs / 12)) : parseDuration(options.grace, 'grace'),
    isLive: options.live ?? false,
    isComplete: options.capture === 'complete',
    lookback: options.lookback ?? ROLLUP_DEFAULTS.lookback,
    latenessMs: parseDuration(options.allowedLateness ?? ROLLUP_DEFAULTS.allowedLateness, 'allowedLateness'),
    retainMs,
    waitMs,
    maxWaitMs,
    paceShare: options.pacing?.share ?? ROLLUP_DEFAULTS.paceShare,
    paceMostMs:
      options.pacing?.most === undefined
        ? Math.max(maxWaitMs, parseDuration(ROLLUP_DEFAULTS.paceMost, 'pacing.most'))
        : parseDuration(options.pacing.most, 'pacing.most'),
  })
}

/** A bare day means the zone's. */
function startOf(start: unknown, { zone }: Windows): number {
  const day = typeof start === 'string' ? parseDay(start) : null
  return day === null ? toInstant(start, 'start') : fromLocal(zone, day * DAY_MS)
}

function resolveBatch(batch: RollupOptions['batch'] = {}): RollupPolicy['batch'] {
  const most = batch.most ?? Math.max(ROLLUP_DEFAULTS.batchMost, batch.start ?? 0)
  return {
    start: batch.start ?? Math.min(ROLLUP_DEFAULTS.batchStart, most),
    most,
    targetMs: parseDuration(batch.target ?? ROLLUP_DEFAULTS.batchTarget, 'batch.target'),
  }
}

function resolveFreshness({ freshness = {} }: RollupOptions, { grain }: Windows): RollupPolicy['freshness'] {
  const ms = (value: unknown, field: string): number | null => (value === undefined ? null : parseDuration(value, `freshness.${field}`))
  const [target, warn, error] = [
    ms(freshness.targetLag, 'targetLag'),
    ms(freshness.warnAfter, 'warnAfter'),
    ms(freshness.errorAfter, 'errorAfter'),
  ]
  const most = Math.min(warn ?? Number.POSITIVE_INFINITY, error ?? Number.POSITIVE_INFINITY)
  const targetLagMs = target ?? Math.min(parseDuration(ROLLUP_DEFAULTS.targetLag, 'targetLag'), most)
  const warnAfterMs = warn ?? Math.min(Math.max(2 * targetLagMs, Math.min(grain.stepMs, DAY_MS)), error ?? Number.POSITIVE_INFINITY)
  return { targetLagMs, warnAfterMs, errorAfterMs: error ?? 2 * warnAfterMs }
}

function checkParents(policy: RollupPolicy, children: readonly Rollup[]): void {
  const { name, windows, planning } = policy
  for (const child of children) {
    checkNesting({ name, windows }, { name: child.name, windows: child.policy.windows }, planning.startAt)
    const childStart = child.policy.planning.startAt
    // The first window of a week may begin before the child's first day; a whole window before it could hold nothing.
    if (windows.windowOf(planning.startAt).end > childStart) continue
    throw new QuarterjackError(
      'RollupNotNested',
      `rollup "${name}": start: ${new Date(planning.startAt).toISOString()} lies before the start of "${child.name}", which it comes after, ` +
        `${new Date(childStart).toISOString()}: its first windows would be empty. Let it start no earlier, or "${child.name}" as early.`,
    )
  }
}
