/** An oracle for windows that shares nothing with the code under test: it steps through real time by minutes and reads the clocks. */
import type { Walk } from '../schedule/minute-walk.ts'

const MINUTE_MS = 60_000

/** Edges of a step of the clock within a walk: a multiple is shown, or was jumped over. The first minute is left out. */
export function clockEdgesOfWalk(walk: Walk, stepMs: number): readonly number[] {
  const edges: number[] = []
  for (let index = 1; index < walk.local.length; index++) {
    const local = walk.local[index] as number
    const expected = (walk.local[index - 1] as number) + MINUTE_MS
    let passes = false
    for (let shown = Math.min(expected, local); shown <= local; shown += MINUTE_MS) if (shown % stepMs === 0) passes = true
    if (local % stepMs === 0 || (local > expected && passes)) edges.push(walk.fromAt + index * MINUTE_MS)
  }
  return edges
}

/** Edges of a stretch of the calendar: its start is shown, or jumped over, for the first time. */
export function calendarEdgesOfWalk(walk: Walk, isStart: (local: number) => boolean): readonly number[] {
  const edges: number[] = []
  let reached = walk.local[0] as number
  for (let index = 1; index < walk.local.length; index++) {
    const local = walk.local[index] as number
    let begins = false
    for (let shown = reached + MINUTE_MS; shown <= local; shown += MINUTE_MS) begins ||= isStart(shown)
    if (begins) edges.push(walk.fromAt + index * MINUTE_MS)
    reached = Math.max(reached, local)
  }
  return edges
}
