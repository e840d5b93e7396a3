/** Which windows of a rollup are due, sealed, or past what is kept, at an instant. Pure. */
import type { Plannable } from './stored-rollup.ts'

/** Every window that ends at or before this edge is due: it ended, and its grace is over. */
export function dueEdge({ windows, planning }: Plannable, now: number): number {
  return windows.windowOf(now - planning.graceMs).start
}

/** When the next window falls due. */
export function nextDueAt({ windows, planning }: Plannable, now: number): number {
  return windows.windowOf(now - planning.graceMs).end + planning.graceMs
}

/** No window that begins before this edge is ever refreshed: it lies before the start, or its source may have lost rows. */
export function floorEdge({ windows, planning }: Plannable, now: number): number {
  if (planning.retainMs === null) return planning.startAt
  const keptFrom = now - planning.retainMs
  return Math.max(planning.startAt, windows.isEdge(keptFrom) ? keptFrom : windows.windowOf(keptFrom).end)
}

/**
 * Windows that end at or before this edge are sealed: their lateness is over, or the source no longer holds them. What was never
 * refreshed is not sealed by lateness: its turn is still to come.
 */
export function sealEdge(rollup: Plannable, watermark: number, now: number): number {
  const late = rollup.windows.windowOf(now - rollup.planning.latenessMs).start
  return Math.max(floorEdge(rollup, now), Math.min(late, watermark))
}
