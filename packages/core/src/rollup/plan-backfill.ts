/** Backfills: what one will do, which windows are stamped next, and how far it is. Pure but for the ids. */
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import type { NextId } from '../random/ids.ts'
import type { BackfillRequest, BackfillStamp } from '../store/backfills.ts'
import type { BackfillRecord, BackfillSelect, WindowRecord } from '../store/window-records.ts'
import type { EnqueueRequest } from '../store/runs.ts'
import { type BackfillTarget, type BackfillOptions, type ResolvedBackfill, resolveBackfill } from './backfill-options.ts'
import { dueEdge, floorEdge } from './due.ts'
import { isGivenUp } from './plan-refresh.ts'
import { backfillRunRequest } from './rollup-run.ts'
import type { Plannable } from './stored-rollup.ts'
import type { Window } from './windows.ts'

/** Most windows that one backfill takes: a year of minutes, and some. */
const MOST_WINDOWS = 600_000
/** Windows that are looked at, and at most stamped, at a time. */
const STRETCH = 500

/** A backfill as it would be made: what a dry run shows. */
export interface BackfillPlan extends ResolvedBackfill {
  readonly rollup: string
  /** Windows in the range; with another `select` than `all`, at most so many are refreshed. */
  readonly windows: number
}

/** Checks the options, and counts. Throws what {@link resolveBackfill} does, and `BackfillOutOfRange` for more windows than one backfill takes. */
export function planBackfill(target: BackfillTarget, options: BackfillOptions, now: number): BackfillPlan {
  const resolved = resolveBackfill(target, options, now)
  const windows = target.windows.count(resolved.from, resolved.to, MOST_WINDOWS + 1)
  if (windows > MOST_WINDOWS) {
    throw new QuarterjackError(
      'BackfillOutOfRange',
      `backfill of rollup "${target.name}": ${new Date(resolved.from).toISOString()} to ${new Date(resolved.to).toISOString()} are more than ${MOST_WINDOWS} windows of ${target.windows.grain.text}. Take a shorter range; when it has finished, the next.`,
    )
  }
  return { rollup: target.name, windows, ...resolved }
}

/** The request that creates a planned backfill, its runs included. */
export function backfillRequestOf(
  plan: BackfillPlan,
  { id, generation, nextId }: { readonly id: string; readonly generation: number; readonly nextId: NextId },
): BackfillRequest {
  return { id, generation, ...plan, enqueue: backfillRuns({ id, ...plan }, nextId) }
}

/** The runs that work on a backfill: one per lane. For its creation, and when it is resumed. */
export function backfillRuns(
  { id, rollup, concurrency, windows }: Pick<BackfillRecord, 'id' | 'rollup' | 'concurrency' | 'windows'>,
  nextId: NextId,
): readonly EnqueueRequest[] {
  const lanes = Math.max(1, Math.min(concurrency, windows))
  return Array.from({ length: lanes }, (_, lane) => backfillRunRequest({ id: nextId(), rollup, backfill: id, lane }))
}

/** The next stretch of a backfill that nobody has looked at, its windows oldest first. Empty when it is exhausted. */
export function nextStretch({ from, to, order, cursor, exhausted }: BackfillRecord, { windows }: Plannable): readonly Window[] {
  if (exhausted) return []
  const stretch: Window[] = []
  const rest = order === 'newest' ? windows.betweenNewest(from, cursor) : windows.between(cursor, to)
  for (const window of rest) if (stretch.push(window) === STRETCH) break
  return order === 'newest' ? stretch.reverse() : stretch
}

/** What selecting goes by. */
export interface StampFacts {
  readonly rollup: Plannable
  readonly watermark: number
  /** Records of the stretch's windows. */
  readonly records: readonly WindowRecord[]
  readonly now: number
}

/** Which windows of a stretch are stamped, and how far the backfill has then looked. Null for an empty stretch. */
export function planStamp(backfill: BackfillRecord, stretch: readonly Window[], facts: StampFacts): BackfillStamp | null {
  const [first, last] = [stretch.at(0), stretch.at(-1)]
  if (first === undefined || last === undefined) return null
  const { id, cursor, order, select } = backfill
  const { rollup, records, now } = facts
  const floor = floorEdge(rollup, now)
  const known = new Map(records.map((record) => [record.start, record]))
  const due = dueEdge(rollup, now)
  const isSelected = SELECTS[select]
  return {
    id,
    expected: cursor,
    cursor: order === 'newest' ? first.start : last.end,
    // What aged past `retain` while the backfill waited is left as it is.
    windows: stretch.filter(
      (window) => window.start >= floor && isSelected(window, known.get(window.start), { watermark: facts.watermark, due }),
    ),
  }
}

type IsSelected = (window: Window, record: WindowRecord | undefined, edges: { readonly watermark: number; readonly due: number }) => boolean

const SELECTS: Readonly<Record<BackfillSelect, IsSelected>> = {
  all: () => true,
  dirty: (_, record) => record !== undefined && record.dirtySince !== null,
  failed: (_, record) => record !== undefined && isGivenUp(record),
  missing: ({ end }, record, { watermark, due }) => end > watermark && end <= due && record?.complete !== true,
}

/** How far a backfill is. */
export interface BackfillProgress {
  readonly done: number
  readonly failed: number
  /** Windows that it takes: exact once the whole range was looked at, an estimate before. */
  readonly total: number
  readonly isEstimated: boolean
  /** 0 to 1. */
  readonly share: number
  /** Windows per second since it was created, pauses included; null before the first. */
  readonly perSecond: number | null
  /** Ms until its end at that rate; 0 at its end, null while it cannot be told or does not run. */
  readonly remainingMs: number | null
}

/** Progress, rate and estimate, from the record alone: it is the same wherever it is asked for. */
export function progressOf(backfill: BackfillRecord, now: number): BackfillProgress {
  const { done, failed, stamped, exhausted, windows, state } = backfill
  const over = done + failed
  const looked = lookedShare(backfill)
  const total = exhausted ? stamped : looked === 0 ? windows : Math.max(stamped, Math.round(Math.min(windows, stamped / looked)))
  const elapsedMs = (backfill.finishedAt ?? now) - backfill.createdAt
  const perSecond = over === 0 || elapsedMs <= 0 ? null : (over * 1_000) / elapsedMs
  const isEnded = state === 'finished' || state === 'cancelled'
  return {
    done,
    failed,
    total,
    isEstimated: !exhausted,
    share: total === 0 ? (exhausted ? 1 : looked) : Math.min(1, over / total),
    perSecond,
    remainingMs: isEnded
      ? 0
      : state === 'paused' || perSecond === null
        ? null
        : Math.round((Math.max(0, total - over) * 1_000) / perSecond),
  }
}

function lookedShare({ from, to, order, cursor, exhausted }: BackfillRecord): number {
  if (exhausted || from >= to) return 1
  return (order === 'newest' ? to - cursor : cursor - from) / (to - from)
}
