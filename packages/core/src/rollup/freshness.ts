/** How fresh a rollup is, in figures and in words. Pure. Backfills have no part in it: old windows refreshed again make nothing newer. */
import type { RollupState } from '../store/windows.ts'
import { roughly } from '../time/roughly.ts'
import { dueAtOf, dueEdge, floorEdge } from './due.ts'
import { batchSize, readPace, waitsOf } from './pace.ts'
import type { RollupPolicy } from './rollup.ts'
import type { Plannable } from './stored-rollup.ts'

/** `late` after `warnAfter`, or when something needs a look; `stale` after `errorAfter`. */
export type FreshnessStatus = 'ok' | 'late' | 'stale'

/** Instants in epoch ms of the store's clock, durations in ms. */
export interface Freshness {
  readonly status: FreshnessStatus
  /** Why it is not `ok`, worst first; empty when it is. */
  readonly why: readonly string[]
  /** Every window that ends at or before it is as it should be, but for changes that came later. */
  readonly watermark: number
  /** Where the watermark should be. */
  readonly dueThrough: number
  /** How long the oldest window that should be complete has been due, counted from the registration at the earliest; 0: none. */
  readonly lagMs: number
  /** How long the oldest change that could be refreshed has been waiting; 0: none. */
  readonly dirtyMs: number
  /** Both are within `targetLag`. */
  readonly isOnTarget: boolean
  /** Of this and the next three, Postgres counts 10,000 at most. */
  readonly dirty: number
  readonly held: number
  /** Windows whose last refresh failed, given up or to be tried again. */
  readonly failed: number
  readonly suspect: number
  /** Marks of late data that were counted, not refreshed. */
  readonly sealed: number
  /** How long marks are gathered just now, what a window takes, and how many are refreshed at a time. */
  readonly pace: { readonly waitMs: number; readonly maxWaitMs: number; readonly windowMs: number | null; readonly batch: number }
}

/** The rollup as it is judged: its windows and policies. */
export type FreshnessPolicy = Plannable & Pick<RollupPolicy, 'freshness' | 'batch'>

/** The moment of a verdict. `since`: when the rollup was first registered; what had been due before then is not late for it. */
export interface FreshnessMoment {
  readonly now: number
  readonly since?: number | null | undefined
}

/** The verdict over a rollup. `state` is best asked with a limit of some hundreds. */
export function judgeFreshness(policy: FreshnessPolicy, state: RollupState, { now, since }: FreshnessMoment): Freshness {
  const { record, counts } = state
  const dueThrough = dueEdge(policy, now)
  const oldest = Math.max(record.watermark, floorEdge(policy, now))
  const lagMs =
    oldest >= dueThrough
      ? 0
      : Math.max(0, now - Math.max(dueAtOf(policy, policy.windows.windowOf(oldest)), since ?? Number.NEGATIVE_INFINITY))
  const dirtyMs = Math.max(0, now - (oldestChangeAt(policy, state, now) ?? now))
  const { targetLagMs, warnAfterMs, errorAfterMs } = policy.freshness
  const pace = readPace(record.pace)
  const found = [
    ...judgeAge(lagMs, 'the oldest window that is missing has been due for', { warnAfterMs, errorAfterMs }),
    ...judgeAge(dirtyMs, 'the oldest change that is not in it was marked', { warnAfterMs, errorAfterMs, after: ' ago' }),
    ...noteCount(counts.failed, 'could not be refreshed the last time'),
    ...noteCount(counts.suspect, 'looked wrong at the source and were left as they were'),
  ]
  const isStale = found.some(({ status }) => status === 'stale')
  return {
    status: isStale ? 'stale' : found.length > 0 ? 'late' : 'ok',
    why: [...found.filter(({ status }) => status === 'stale'), ...found.filter(({ status }) => status === 'late')].map(({ why }) => why),
    watermark: record.watermark,
    dueThrough,
    lagMs,
    dirtyMs,
    isOnTarget: lagMs <= targetLagMs && dirtyMs <= targetLagMs,
    ...counts,
    sealed: record.sealed?.marks ?? 0,
    pace: { ...waitsOf(pace, policy.planning, now), windowMs: pace.windowMs, batch: batchSize(pace, policy.batch) },
  }
}

interface Finding {
  readonly status: 'late' | 'stale'
  readonly why: string
}

function judgeAge(
  ms: number,
  what: string,
  { warnAfterMs, errorAfterMs, after = '' }: { readonly warnAfterMs: number; readonly errorAfterMs: number; readonly after?: string },
): readonly Finding[] {
  if (ms > errorAfterMs) return [{ status: 'stale', why: `${what} ${roughly(ms)}${after} (stale after ${roughly(errorAfterMs)})` }]
  if (ms > warnAfterMs) return [{ status: 'late', why: `${what} ${roughly(ms)}${after} (late after ${roughly(warnAfterMs)})` }]
  return []
}

function noteCount(count: number, what: string): readonly Finding[] {
  return count === 0 ? [] : [{ status: 'late', why: `${count} ${count === 1 ? 'window' : 'windows'} ${what}` }]
}

/** Changes of windows that are not to be refreshed before they are due do not wait for anybody. */
function oldestChangeAt(policy: FreshnessPolicy, { dirty, ahead, oldestMarkAt }: RollupState, now: number): number | null {
  if (oldestMarkAt === null || policy.planning.isLive) return oldestMarkAt
  const changed = [...dirty, ...ahead].filter((record) => record.dirtySince !== null)
  const early = changed.filter((record) => dueAtOf(policy, record) > now)
  // What is older than every change of those is something else, and waits.
  if (early.length === 0 || early.every(({ dirtySince }) => (dirtySince ?? 0) > oldestMarkAt)) return oldestMarkAt
  const ripe = changed.filter((record) => dueAtOf(policy, record) <= now).map(({ dirtySince }) => dirtySince ?? now)
  return ripe.length === 0 ? null : Math.min(...ripe)
}
