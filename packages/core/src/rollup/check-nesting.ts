/** Whether the windows of a rollup can be put together from those of another one. */
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { localDay, toLocal } from '../time/zone.ts'
import type { ResolvedGrain } from './grain.ts'
import type { Windows } from './windows.ts'

/** A rollup, as far as nesting looks at it. */
export interface NestingSide {
  readonly name: string
  readonly windows: Windows
}

/** For how long windows are compared where arithmetic alone does not tell: zones repeat their rules well before. */
const HORIZON_MS = 40 * 366 * 86_400_000

/**
 * Throws `RollupNotNested`, with the first edge that does not fit and the remedy, unless each window of `parent` from `startAt` on
 * begins where one of `child` does.
 */
export function checkNesting(parent: NestingSide, child: NestingSide, startAt: number): void {
  if (nestsByRule(parent.windows, child.windows)) return
  const misfit = firstMisfit(parent.windows, child.windows, startAt)
  if (misfit === null) return
  throw new QuarterjackError(
    'RollupNotNested',
    `rollup "${parent.name}": after: its ${describe(parent.windows)} windows cannot be put together from those of "${child.name}", ` +
      `${describe(child.windows)}: one begins at ${new Date(misfit).toISOString()} (${clock(parent.windows, misfit)}), inside of a window of "${child.name}". ${remedy(parent, child)}`,
  )
}

/** In one zone, edges of a multiple are edges of its divisor, and midnights are edges of whatever divides a day. */
function nestsByRule(parent: Windows, child: Windows): boolean {
  if (parent.zone.name !== child.zone.name) return false
  const [outer, inner] = [parent.grain, child.grain]
  if (inner.text === outer.text) return true
  if (inner.kind === 'real' || outer.kind === 'real' || isNamed(inner)) return false
  return isNamed(outer) || (outer.stepMs % inner.stepMs === 0 && outer.stepMs >= inner.stepMs)
}

function isNamed(grain: ResolvedGrain): boolean {
  return grain.kind === 'calendar' && grain.unit !== 'step'
}

function firstMisfit(parent: Windows, child: Windows, startAt: number): number | null {
  for (const { start } of parent.between(startAt, startAt + HORIZON_MS)) if (!child.isEdge(start)) return start
  return null
}

function remedy(parent: NestingSide, child: NestingSide): string {
  if (parent.windows.zone.name !== child.windows.zone.name && isInsideDay(child.windows.grain)) {
    return `Give "${child.name}" the timeZone "${parent.windows.zone.name}", or the grain "15m".`
  }
  return `Use a child whose grain divides it, in the same timeZone, or leave "after" out and read the source itself.`
}

function isInsideDay(grain: ResolvedGrain): boolean {
  return grain.kind !== 'real' && !isNamed(grain)
}

function describe({ grain, zone }: Windows): string {
  return `${grain.text} (${zone.name})`
}

function clock({ zone }: Windows, at: number): string {
  return `${localDay(zone, at)} ${new Date(toLocal(zone, at)).toISOString().slice(11, 16)} in ${zone.name}`
}
