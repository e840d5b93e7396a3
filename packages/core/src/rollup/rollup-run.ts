/** The runs that refresh a rollup, as requests to the store. Any node makes them, whether it has the rollup's code or not. */
import type { NextId } from '../random/ids.ts'
import { jobGate, keyGate } from '../store/gates.ts'
import type { EnqueueRequest } from '../store/runs.ts'
import type { BackfillRecord } from '../store/window-records.ts'
import { RESERVED_KEY_PREFIX } from '../trigger/build-request.ts'

/** How long triggers of a refresh are gathered. */
export interface Waits {
  readonly waitMs: number
  readonly maxWaitMs: number
}

/** Below live refreshes, which come first wherever both wait for a place. */
export const BACKFILL_PRIORITY = -10

const LEAST_TTL_MS = 60_000

/** The job whose runs work on the backfills of a rollup. */
export function backfillJob(rollup: string): string {
  return `${rollup}#backfill`
}

/** The rollup behind a job that works on backfills; null for any other job. */
export function rollupOfBackfillJob(job: string): string | null {
  const suffix = backfillJob('')
  return job.endsWith(suffix) ? job.slice(0, -suffix.length) : null
}

/** A debounced run of the rollup's job: what is asked of it while it waits shares it. `triggers`: how many marks it stands for. */
export function refreshRequest(
  { id, rollup, triggers }: { readonly id: string; readonly rollup: string; readonly triggers: number },
  { waitMs, maxWaitMs }: Waits,
): EnqueueRequest {
  return {
    id,
    job: rollup,
    key: '',
    trigger: 'debounce',
    payload: null,
    triggers,
    priority: 0,
    delayMs: 0,
    overlap: 'allow',
    skipWhenBusy: false,
    gates: [jobGate(rollup)],
    debounce: { waitMs, maxWaitMs, leading: false, trailing: true, merge: 'last' },
  }
}

/**
 * The run that goes on where another, `after`, left something. What is to come later is asked for once per second, however many ask for
 * it; what is to go on at once, once per run. Delays that were computed with the estimated clock of the store have fractions; stores
 * take whole milliseconds.
 */
export function laterRequest(
  {
    id,
    rollup,
    after,
    atSecond,
  }: { readonly id: string; readonly rollup: string; readonly after: string; readonly atSecond?: number | undefined },
  delayMs: number,
): EnqueueRequest {
  const { debounce: _debounce, ...request } = refreshRequest({ id, rollup, triggers: 1 }, { waitMs: 0, maxWaitMs: 0 })
  const key = atSecond === undefined ? `after:${after}` : `look:${atSecond}`
  const wholeMs = Math.ceil(delayMs)
  return { ...request, delayMs: wholeMs, idempotency: { key: `${RESERVED_KEY_PREFIX}${key}`, ttlMs: wholeMs + LEAST_TTL_MS } }
}

/**
 * One of the runs that share a backfill. `lane` from 0 keeps them apart: two runs of one lane never execute together, and what asks
 * for a lane while a run of it waits joins that one.
 */
export function backfillRunRequest(
  { id, rollup, backfill, lane }: { readonly id: string; readonly rollup: string; readonly backfill: string; readonly lane: number },
  waitMs = 0,
): EnqueueRequest {
  const job = backfillJob(rollup)
  const key = `${backfill}/${lane}`
  const wholeMs = Math.ceil(waitMs)
  return {
    ...refreshRequest({ id, rollup, triggers: 1 }, { waitMs: wholeMs, maxWaitMs: wholeMs }),
    job,
    key,
    payload: JSON.stringify({ backfill, lane }),
    priority: BACKFILL_PRIORITY,
    gates: [keyGate(job, key)],
  }
}

/** The runs that work on a backfill: one per lane. For its creation, and when it is resumed. */
export function backfillRuns(
  { id, rollup, concurrency, windows }: Pick<BackfillRecord, 'id' | 'rollup' | 'concurrency' | 'windows'>,
  nextId: NextId,
): readonly EnqueueRequest[] {
  const lanes = Math.max(1, Math.min(concurrency, windows))
  return Array.from({ length: lanes }, (_, lane) => backfillRunRequest({ id: nextId(), rollup, backfill: id, lane }))
}

/** What {@link backfillRunRequest} put into the payload of a run; null for what it did not make. */
export function readBackfillPayload(payload: unknown): { readonly backfill: string; readonly lane: number } | null {
  if (typeof payload !== 'object' || payload === null) return null
  const { backfill, lane } = payload as { readonly backfill?: unknown; readonly lane?: unknown }
  return typeof backfill === 'string' && typeof lane === 'number' ? { backfill, lane } : null
}
