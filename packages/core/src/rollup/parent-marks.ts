/** The marks that a refresh leaves for the rollups that come after it. Pure. */
import type { Mark } from '../store/window-records.ts'
import { sourceOfRollup } from './resolve-rollup.ts'
import type { ReadRefreshResult } from './read-refresh-result.ts'
import type { Window } from './windows.ts'

/**
 * A mark for each stretch of windows, oldest first, whose rows may have changed: all but the suspect ones, which were left as they were,
 * unless the refresh told which it was (engine rule 32).
 */
export function parentMarks(rollup: string, windows: readonly Window[], { suspect, changed }: ReadRefreshResult): readonly Mark[] {
  const marks: { source: string; from: number; to: number; kind: 'changed' }[] = []
  for (const { start, end } of windows) {
    if (suspect.has(start) || changed?.has(start) === false) continue
    const last = marks.at(-1)
    if (last?.to === start) last.to = end
    else marks.push({ source: sourceOfRollup(rollup), from: start, to: end, kind: 'changed' })
  }
  return marks
}
