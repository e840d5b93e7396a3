/** What one mark means for the rollups that read its source. Pure. */
import type { MarkRecord } from '../store/window-records.ts'
import type { Window, Windows } from './windows.ts'

/** A rollup, as far as the marks of its source go. */
export interface Reader {
  readonly rollup: string
  readonly windows: Windows
  readonly startAt: number
  /** Windows that end at or before it are counted, not refreshed. An edge, not before the start. */
  readonly sealedUntil: number
  /** The end of the open window: what begins there or later has no rows yet that a refresh could have written. */
  readonly begunUntil: number
}

/** The part of a mark that fell on sealed windows. */
export interface SealedPart {
  readonly from: number
  readonly to: number
  /** The whole of it has been looked at: now it is counted. */
  readonly counts: boolean
}

/** By position of the readers. `rest`: what is left of a range that is too wide, or that reaches into the future. */
export type MappedMark =
  | { readonly kind: 'parked'; readonly until: number }
  | {
      readonly kind: 'mapped'
      readonly spans: readonly (Window | null)[]
      readonly sealed: readonly (SealedPart | null)[]
      readonly rest: { readonly from: number; readonly to: number } | null
    }

/**
 * The windows that a mark dirties, oldest first, at most `share` of each reader. A mark about the future is parked until it is not. The
 * future of one that says that rows were taken away is left out: what has not begun was never refreshed, and has nothing to take back.
 */
export function mapMark(
  mark: MarkRecord,
  readers: readonly Reader[],
  { now, share }: { readonly now: number; readonly share: number },
): MappedMark {
  const { from, to, kind } = mark
  const takesAway = kind === 'removed'
  if (from > now && !takesAway) return { kind: 'parked', until: from }
  const begun = readers.map(({ begunUntil }) => begunUntil)
  const until = takesAway ? Math.min(to, Math.max(...begun)) : to
  const reach = takesAway ? until : Math.min(to, ...begun)
  const cut = Math.min(reach, ...readers.map((reader) => cutOf(reader, from, { to: reach, share })))
  return {
    kind: 'mapped',
    spans: readers.map((reader) => spanOf(reader, from, cut)),
    sealed: readers.map((reader) => sealedOf(reader, mark, cut)),
    rest: cut < until ? { from: cut, to } : null,
  }
}

/** Where the range has to end so that it has no more windows than its share. */
function cutOf({ windows, sealedUntil, begunUntil }: Reader, from: number, { to, share }: { to: number; share: number }): number {
  const [low, high] = [Math.max(from, sealedUntil), Math.min(to, begunUntil)]
  // Most marks are instants: they fit wherever one window does.
  if (high - low <= 1) return to
  let end = low
  let count = 0
  for (const window of windows.between(low, high)) {
    end = window.end
    if (++count === share) break
  }
  return end >= high ? to : end
}

function spanOf({ windows, sealedUntil, begunUntil }: Reader, from: number, to: number): Window | null {
  const [low, high] = [Math.max(from, sealedUntil), Math.min(to, begunUntil)]
  if (low >= high) return null
  const first = windows.windowOf(low)
  return { start: first.start, end: high <= first.end ? first.end : windows.windowOf(high - 1).end }
}

function sealedOf({ startAt, sealedUntil }: Reader, { from, to }: MarkRecord, cut: number): SealedPart | null {
  const [low, high] = [Math.max(from, startAt), Math.min(cut, sealedUntil)]
  return low < high ? { from: low, to: high, counts: cut >= Math.min(to, sealedUntil) } : null
}
