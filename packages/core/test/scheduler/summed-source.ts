/** A source of events and a target that sums them per window: what a rollup should hold can be told from scratch. */
import type { RollupOptions } from '../../src/rollup/rollup.ts'

export interface SummedSource {
  readonly events: { at: number; value: number }[]
  /** Sums by the start of their window; without events, none. */
  readonly target: Map<number, number>
  /** Starts of the windows of each refresh, in order. */
  readonly calls: number[][]
  readonly refresh: RollupOptions['refresh']
}

export function createSource(): SummedSource {
  const events: { at: number; value: number }[] = []
  const target = new Map<number, number>()
  const calls: number[][] = []
  return {
    events,
    target,
    calls,
    refresh: ({ windows }) => {
      calls.push(windows.map(({ start }) => start.getTime()))
      for (const { start, end } of windows) {
        const inside = events.filter(({ at }) => at >= start.getTime() && at < end.getTime())
        if (inside.length === 0) target.delete(start.getTime())
        else
          target.set(
            start.getTime(),
            inside.reduce((sum, { value }) => sum + value, 0),
          )
      }
    },
  }
}
