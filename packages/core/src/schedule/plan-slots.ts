/** The pure decider of firing: what becomes of every slot that is due, and which slot is next. */
import { createSlotAccount, MAX_COUNTED, type SkippedSlots, type SlotAccount } from './account-slots.ts'
import { type CatchUpRule, catchUpFrom } from './catch-up-from.ts'
import { dueAt, dueBefore } from './jitter.ts'
import { nextFiringSlot } from './next-slots.ts'
import type { ExcludeFunctions, ResolvedSpec } from './schedule.ts'
import { countBaseSlots, hasExclusions, isExcluded, nextBaseSlot, type OnExcludeError, previousBaseSlot } from './slots.ts'
import { splitSuspended } from './split-suspended.ts'

/** Instants are epoch ms of the store's clock. */
export interface SlotFacts {
  readonly spec: ResolvedSpec
  readonly functions: ExcludeFunctions
  /** Seed of the jitter. */
  readonly seed: string
  /** Everything up to here is accounted for. */
  readonly cursor: number
  /** The slot that the store waits for: it is taken to be due, whatever `now` says. */
  readonly nextSlot: number
  readonly now: number
  /** A slot is missed when it was due longer ago than this. */
  readonly misfireAfterMs: number
  readonly catchUp: CatchUpRule
  /** Closed suspensions: slots in `(from, to]` are skipped. */
  readonly suspendedStretches: readonly (readonly [from: number, to: number])[]
  readonly onExcludeError?: OnExcludeError | undefined
}

/** Every base slot in `(cursor, through]` is in exactly one of `runs` and `skips`. */
export interface SlotPlan {
  /** The new cursor, ≥ the slot that was waited for. */
  readonly through: number
  /** Oldest first. */
  readonly runs: readonly number[]
  /** Oldest first, with real slots at both ends. */
  readonly skips: readonly SkippedSlots[]
  /** The next slot that is not excluded; null when the schedule is exhausted. */
  readonly nextSlot: number | null
  readonly nextDueAt: number | null
}

/** What one plan holds at most; the rest is due at once for the next. */
export const MAX_RUNS_PER_PLAN = 100
const MAX_SKIPS_PER_PLAN = 100
const MAX_STEPS_PER_PLAN = 2_000

/**
 * Slots inside a suspension are `suspended`, excluded ones `excluded`, missed ones are run or `misfire` as `catchUp`
 * says, and every other due slot runs. In a long missed stretch (over 1,000 slots) excluded slots are not told apart:
 * they count as `misfire`. Pure, bounded, and fast when one slot alone is due.
 */
export function planSlots(facts: SlotFacts): SlotPlan {
  return planOne(facts) ?? planMany(facts)
}

/** The usual case: the awaited slot is the only one, and nothing can leave it out. Null otherwise. */
function planOne(facts: SlotFacts): SlotPlan | null {
  const { spec, functions, seed, cursor, nextSlot: slot, now, misfireAfterMs } = facts
  if (facts.suspendedStretches.length > 0 || hasExclusions(spec, functions) || nextBaseSlot(spec, cursor) !== slot) return null
  const next = nextBaseSlot(spec, slot)
  const nextDueAt = next === null ? null : dueAt(spec, seed, next)
  if (nextDueAt !== null && nextDueAt <= now) return null
  const missed = now - dueBefore(spec, seed, slot, next) > misfireAfterMs
  const run = !missed || isMadeUp(facts.catchUp, now - slot)
  return {
    through: slot,
    runs: run ? [slot] : [],
    skips: run ? [] : [{ reason: 'misfire', from: slot, to: slot, count: 1 }],
    nextSlot: next,
    nextDueAt,
  }
}

function isMadeUp(rule: CatchUpRule, ageMs: number): boolean {
  if (rule.mode !== 'all') return rule.mode === 'latest'
  return rule.limit > 0 && (rule.withinMs === null || ageMs <= rule.withinMs)
}

function planMany(facts: SlotFacts): SlotPlan {
  const { spec, functions, seed, cursor, onExcludeError } = facts
  const horizon = Math.max(newestDue(facts, facts.now) ?? facts.nextSlot, facts.nextSlot)
  const missedThrough = Math.min(newestDue(facts, facts.now - facts.misfireAfterMs - 1) ?? cursor, horizon)
  const parts = splitSuspended(cursor, horizon, facts.suspendedStretches)
  const runFrom = catchUpFrom({ spec, functions, parts, missedThrough, now: facts.now, rule: facts.catchUp, onExcludeError })
  // Everything missed before `runFrom` is skipped.
  const skipThrough = Math.min(missedThrough, runFrom - 1)

  const account = createSlotAccount(spec)
  let through = cursor
  let steps = 0
  const isFull = (): boolean =>
    account.runs.length >= MAX_RUNS_PER_PLAN || account.skips.length >= MAX_SKIPS_PER_PLAN || steps >= MAX_STEPS_PER_PLAN
  for (const part of parts) {
    if (part.suspended) account.skipAll('suspended', part.after, part.through)
    else {
      through = Math.max(part.after, Math.min(part.through, skipThrough))
      skipMissed(facts, account, part.after, through)
      for (let slot = nextBaseSlot(spec, through); slot !== null && slot <= part.through && !isFull(); slot = nextBaseSlot(spec, slot)) {
        if (isExcluded(spec, functions, slot, onExcludeError)) account.skip('excluded', slot)
        else account.run(slot)
        through = slot
        steps++
      }
      if (isFull()) break
    }
    through = part.through
  }
  if (through < facts.nextSlot) {
    // Only when the slots were reckoned differently before (other tz data, another calendar function): the cursor must reach the awaited one.
    account.skipAll('misfire', through, facts.nextSlot)
    through = facts.nextSlot
  }
  const nextSlot = nextFiringSlot(spec, functions, through, onExcludeError)
  const nextDueAt = nextSlot === null ? null : dueAt(spec, seed, nextSlot)
  return { through, runs: account.runs, skips: account.skips, nextSlot, nextDueAt }
}

/** The newest base slot that was due at `at`, jitter included. Slots are due in their own order. */
function newestDue({ spec, seed }: SlotFacts, at: number): number | null {
  const slot = previousBaseSlot(spec, at + 1 - (spec.delayMs ?? 0))
  return slot === null || dueAt(spec, seed, slot) <= at ? slot : previousBaseSlot(spec, slot)
}

/** Missed slots in `(after, through]`; excluded ones are told apart while the stretch is short. */
function skipMissed({ spec, functions, onExcludeError }: SlotFacts, account: SlotAccount, after: number, through: number): void {
  const count = hasExclusions(spec, functions) ? countBaseSlots(spec, after, through, MAX_COUNTED) : null
  let reached = after
  if (count !== null && count <= MAX_COUNTED) {
    for (let slot = nextBaseSlot(spec, after); slot !== null && slot <= through; slot = nextBaseSlot(spec, slot)) {
      if (account.skips.length >= MAX_SKIPS_PER_PLAN) break
      account.skip(isExcluded(spec, functions, slot, onExcludeError) ? 'excluded' : 'misfire', slot)
      reached = slot
    }
  }
  account.skipAll('misfire', reached, through)
}
