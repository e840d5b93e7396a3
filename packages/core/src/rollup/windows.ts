/** The windows of a grain in a zone: half-open stretches `[start, end)` of real time that follow each other without gap or overlap. */
import { findZone, type Zone } from '../time/zone.ts'
import { createEdges } from './edges.ts'
import { type ResolvedGrain, readGrain } from './grain.ts'

/** Epoch milliseconds, `end` exclusive. */
export interface Window {
  readonly start: number
  readonly end: number
}

/** Window arithmetic of one grain in one zone. Pure; shares nothing but the cache of the zone. */
export interface Windows {
  readonly grain: ResolvedGrain
  readonly zone: Zone
  /** The window that contains an instant. */
  windowOf(at: number): Window
  next(window: Window): Window
  previous(window: Window): Window
  /** Whether a window begins at this very instant. */
  isEdge(at: number): boolean
  /** Windows that have any instant of `[fromAt, toAt)`, oldest first, made as they are asked for. */
  between(fromAt: number, toAt: number): Generator<Window, void, undefined>
  /** The same, newest first. */
  betweenNewest(fromAt: number, toAt: number): Generator<Window, void, undefined>
  /** How many {@link between} gives, counted up to `most`. */
  count(fromAt: number, toAt: number, most: number): number
}

const MOST_CACHED = 512
const cache = new Map<string, Windows>()

/** The windows of a grain (see {@link readGrain}) in a zone. Throws `InvalidOption` or `InvalidTimeZone`. */
export function findWindows(grain: unknown, timeZone: unknown = 'UTC'): Windows {
  const read = readGrain(grain)
  const zone = findZone(timeZone)
  const key = `${read.text} ${zone.name}`
  let windows = cache.get(key)
  if (windows === undefined) {
    windows = createWindows(read, zone)
    if (cache.size >= MOST_CACHED) cache.delete(cache.keys().next().value as string)
    cache.set(key, windows)
  }
  return windows
}

function createWindows(grain: ResolvedGrain, zone: Zone): Windows {
  const edges = createEdges(grain, zone)
  const windowOf = (at: number): Window => ({ start: edges.atOrBefore(at), end: edges.after(at) })
  const next = ({ end }: Window): Window => ({ start: end, end: edges.after(end) })
  const previous = ({ start }: Window): Window => ({ start: edges.atOrBefore(start - 1), end: start })
  return {
    grain,
    zone,
    windowOf,
    next,
    previous,
    isEdge: (at) => edges.atOrBefore(at) === at,
    *between(fromAt, toAt) {
      if (fromAt >= toAt) return
      for (let window = windowOf(fromAt); window.start < toAt; window = next(window)) yield window
    },
    *betweenNewest(fromAt, toAt) {
      if (fromAt >= toAt) return
      for (let window = windowOf(toAt - 1); window.end > fromAt; window = previous(window)) yield window
    },
    count(fromAt, toAt, most) {
      let count = 0
      if (fromAt < toAt) for (let edge = edges.atOrBefore(fromAt); edge < toAt && count < most; edge = edges.after(edge)) count++
      return count
    },
  }
}
