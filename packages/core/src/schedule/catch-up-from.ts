/** Which missed slots are made up for. */
import type { ExcludeFunctions, ResolvedSpec } from './schedule.ts'
import { isExcluded, nextBaseSlot, type OnExcludeError, previousBaseSlot } from './slots.ts'
import type { Part } from './split-suspended.ts'

/** `latest`: the newest missed slot; `none`; `all`: the newest `limit` that are at most `withinMs` old. */
export type CatchUpRule =
  | { readonly mode: 'latest' }
  | { readonly mode: 'none' }
  | { readonly mode: 'all'; readonly limit: number; readonly withinMs: number | null }

/** Slots that one search looks at; hence also the most that `all` makes up for. */
export const MAX_CATCH_UP = 10_000
const MAX_EXCLUDED = 1_000

export interface CatchUpFacts {
  readonly spec: ResolvedSpec
  readonly functions: ExcludeFunctions
  readonly parts: readonly Part[]
  /** The newest missed slot. */
  readonly missedThrough: number
  readonly now: number
  readonly rule: CatchUpRule
  readonly onExcludeError?: OnExcludeError | undefined
}

/**
 * The oldest missed slot to run: it and every later one that is neither suspended nor excluded. Infinity for none.
 * `latest` makes up for nothing when a slot that was not missed is due: that one is fresher.
 */
export function catchUpFrom(facts: CatchUpFacts): number {
  const { rule } = facts
  if (rule.mode === 'none') return Number.POSITIVE_INFINITY
  if (rule.mode === 'latest') return hasFresherSlot(facts) ? Number.POSITIVE_INFINITY : oldestOf(facts, 1, null)
  return oldestOf(facts, rule.limit, rule.withinMs)
}

function hasFresherSlot({ spec, functions, parts, missedThrough, onExcludeError }: CatchUpFacts): boolean {
  let steps = 0
  for (const part of parts) {
    if (part.suspended || part.through <= missedThrough) continue
    for (
      let slot = nextBaseSlot(spec, Math.max(part.after, missedThrough));
      slot !== null && slot <= part.through;
      slot = nextBaseSlot(spec, slot)
    ) {
      if (!isExcluded(spec, functions, slot, onExcludeError)) return true
      if (++steps > MAX_EXCLUDED) return false
    }
  }
  return false
}

/** Goes back from the newest missed slot until `limit` slots are found. */
function oldestOf(
  { spec, functions, parts, missedThrough, now, onExcludeError }: CatchUpFacts,
  limit: number,
  withinMs: number | null,
): number {
  let oldest = Number.POSITIVE_INFINITY
  let found = 0
  let steps = 0
  for (const part of parts.toReversed()) {
    if (part.suspended || part.after >= missedThrough) continue
    for (
      let slot = previousBaseSlot(spec, Math.min(part.through, missedThrough) + 1);
      slot !== null && slot > part.after;
      slot = previousBaseSlot(spec, slot)
    ) {
      if (found >= limit || ++steps > MAX_CATCH_UP || (withinMs !== null && now - slot > withinMs)) return oldest
      if (isExcluded(spec, functions, slot, onExcludeError)) continue
      oldest = slot
      found++
    }
  }
  return oldest
}
