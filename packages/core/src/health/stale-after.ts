/** How old the last success may be: the bound when the job does not say, and what a run that still executes changes about it. Pure. */
import type { RunRecord } from '../store/records.ts'
import type { JobStats } from '../store/runs.ts'
import type { JobFacts } from './health-facts.ts'
import { longRunOf } from './long-run.ts'

/** How many of the coming slots are looked at. */
export const STALE_AFTER_SLOTS = 100

/** The default is never less, so that a job of seconds has time for a run that lasts longer than usual, or for a retry. */
export const STALE_AFTER_FLOOR_MS = 60_000

/** A first run without a timeout has this long at least: nothing tells yet one that takes long from one that hangs. */
export const FIRST_RUN_FLOOR_MS = 600_000

/**
 * Twice the longest gap among the next {@link STALE_AFTER_SLOTS} slots of all schedules of a job, in ms, and at least
 * {@link STALE_AFTER_FLOOR_MS}. Give that many coming slots of each schedule, ascending, or all that are left. Null when they
 * span no time: then nothing can be said.
 */
export function defaultStaleAfter(slotsBySchedule: readonly (readonly number[])[]): number | null {
  // Only the first N together are complete: beyond them, the schedule with the closest slots has told no more.
  const slots = slotsBySchedule
    .flatMap((slots) => slots.slice(0, STALE_AFTER_SLOTS))
    .sort((a, b) => a - b)
    .slice(0, STALE_AFTER_SLOTS)
  const longest = slots.reduce((gap, slot, index) => Math.max(gap, slot - (slots[index - 1] ?? slot)), 0)
  return longest === 0 ? null : Math.max(STALE_AFTER_FLOOR_MS, 2 * longest)
}

/** Why a job is stale: how old its last success is, or null when it has none, and since when time is counted. */
export interface Staleness {
  readonly successAt: number | null
  readonly from: number
}

/**
 * Null while the job is fresh: its last success, its registration or the end of its last suspension lies no further back than
 * `staleAfterMs`. A bound of the job's own is taken at its word. The default is guessed from the schedule, which knows nothing
 * of how long a run takes: so a run that began before the bound was reached keeps the job fresh while it may be executing.
 */
export function stalenessOf(now: number, facts: JobFacts, stats: JobStats): Staleness | null {
  const { staleAfterMs, registeredAt, resumedAt } = facts
  const successAt = stats.lastSuccess === null ? null : endOf(stats.lastSuccess)
  const known = [successAt, registeredAt, resumedAt].filter((at) => at !== null)
  if (staleAfterMs === null || known.length === 0) return null
  const from = Math.max(...known)
  const dueAt = from + staleAfterMs
  if (now <= dueAt) return null
  if (facts.isStaleAfterDefault) {
    const boundMs = executionBound(facts, stats)
    if (facts.executingSince.some((startedAt) => startedAt <= dueAt && now - startedAt <= boundMs)) return null
  }
  return { successAt, from }
}

/** How long a run may execute: its timeout; else what its past allows; else, the first time, as long as success may be away. */
function executionBound({ timeoutMs, staleAfterMs }: JobFacts, stats: JobStats): number {
  return timeoutMs ?? longRunOf(stats)?.boundMs ?? Math.max(FIRST_RUN_FLOOR_MS, staleAfterMs ?? 0)
}

function endOf(run: RunRecord): number {
  return run.finishedAt ?? run.startedAt ?? run.createdAt
}
