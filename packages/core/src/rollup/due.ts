/** Which windows of a rollup are due, in sight, sealed, or past what is kept, at an instant of the store's clock. Pure. */
import type { Plannable } from './stored-rollup.ts'
import type { Window } from './windows.ts'

/** Most windows that have begun and are not due: a long grace over a short grain has many, and only the newest are looked at. */
const MOST_IN_SIGHT = 24

/** When a window falls due: at its end and the grace. */
export function dueAtOf({ planning }: Plannable, { end }: Pick<Window, 'end'>): number {
  return end + planning.graceMs
}

/** Every window that ends at or before this edge is due. */
export function dueEdge({ windows, planning }: Plannable, now: number): number {
  return windows.windowOf(now - planning.graceMs).start
}

/** When the next window falls due: always ahead of `now`. */
export function nextDueAt({ windows, planning }: Plannable, now: number): number {
  return Math.max(windows.windowOf(now - planning.graceMs).end, windows.windowOf(planning.startAt).end) + planning.graceMs
}

/** No window that begins before this edge is ever refreshed: it lies before the start, or its source may have lost rows. */
export function floorEdge({ windows, planning }: Plannable, now: number): number {
  if (planning.retainMs === null) return planning.startAt
  const keptFrom = now - planning.retainMs
  return Math.max(planning.startAt, windows.isEdge(keptFrom) ? keptFrom : windows.windowOf(keptFrom).end)
}

/**
 * Changes of windows that end at or before this edge are counted, and refresh nothing: their lateness is over. What was never refreshed
 * is not sealed by lateness: its turn is still to come.
 */
export function sealEdge(rollup: Plannable, watermark: number, now: number): number {
  const late = rollup.windows.windowOf(now - rollup.planning.latenessMs).start
  return Math.max(floorEdge(rollup, now), Math.min(late, watermark))
}

/** Windows that have begun and are not due, newest first: the open one, and those within their grace. At most 24. */
export function windowsInSight(rollup: Plannable, now: number): readonly Window[] {
  const found: Window[] = []
  for (const window of rollup.windows.betweenNewest(Math.max(dueEdge(rollup, now), floorEdge(rollup, now)), now + 1)) {
    if (found.push(window) === MOST_IN_SIGHT) break
  }
  return found
}

/** The newest `count` due windows, newest first, without those before the start or past what is kept. */
export function newestDue(rollup: Plannable, count: number, now: number): readonly Window[] {
  const found: Window[] = []
  if (count > 0) {
    for (const window of rollup.windows.betweenNewest(floorEdge(rollup, now), dueEdge(rollup, now))) {
      if (found.push(window) === count) break
    }
  }
  return found
}
