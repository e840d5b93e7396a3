/** Backfills: what one will do, and which windows are stamped next. Pure but for the ids. */
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import type { NextId } from '../random/ids.ts'
import type { BackfillRequest, BackfillStamp } from '../store/backfills.ts'
import type { BackfillRecord, BackfillSelect, WindowRecord } from '../store/window-records.ts'
import { type BackfillTarget, type BackfillOptions, type ResolvedBackfill, resolveBackfill } from './backfill-options.ts'
import { dueEdge, floorEdge } from './due.ts'
import { isGivenUp } from './plan-refresh.ts'
import { backfillRuns } from './rollup-run.ts'
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
