/** Writes down, slot after slot and in order, what becomes of each: a run, or a part of a skipped range. */
import type { ResolvedSpec } from './schedule.ts'
import { countBaseSlots, nextBaseSlot, previousBaseSlot } from './slots.ts'

/** Why slots are skipped before any run is made of them. */
export type SlotSkipReason = 'misfire' | 'suspended' | 'excluded'

/** All base slots from `from` to `to`, both included. `count` is null when counting them would take too long. */
export interface SkippedSlots {
  readonly reason: SlotSkipReason
  readonly from: number
  readonly to: number
  readonly count: number | null
}

/** Cron slots that are counted one by one; a longer range is left to the audit to count. */
export const MAX_COUNTED = 1_000

/** Collects runs and ranges. Everything must come in the order of the slots, without leaving one out. */
export interface SlotAccount {
  readonly runs: number[]
  readonly skips: SkippedSlots[]
  run(slot: number): void
  /** One slot; joins the range before it if the reason is the same. */
  skip(reason: SlotSkipReason, slot: number): void
  /** Every base slot in `(after, through]`, as one range. */
  skipAll(reason: SlotSkipReason, after: number, through: number): void
}

export function createSlotAccount(spec: ResolvedSpec): SlotAccount {
  const runs: number[] = []
  const skips: SkippedSlots[] = []
  let open = false
  return {
    runs,
    skips,
    run(slot) {
      runs.push(slot)
      open = false
    },
    skip(reason, slot) {
      const last = skips.at(-1)
      if (open && last?.reason === reason)
        skips[skips.length - 1] = { ...last, to: slot, count: last.count === null ? null : last.count + 1 }
      else skips.push({ reason, from: slot, to: slot, count: 1 })
      open = true
    },
    skipAll(reason, after, through) {
      const from = nextBaseSlot(spec, after)
      const to = previousBaseSlot(spec, through + 1)
      if (from === null || to === null || from > to) return
      skips.push({ reason, from, to, count: countBaseSlots(spec, after, through, MAX_COUNTED) })
      open = true
    },
  }
}
