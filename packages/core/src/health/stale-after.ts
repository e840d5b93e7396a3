/** How old the last success may be when the job does not say. */

/** How many of the coming slots are looked at. */
export const STALE_AFTER_SLOTS = 100

/**
 * Twice the longest gap among the next {@link STALE_AFTER_SLOTS} slots of all schedules of a job, in ms. Give that many coming
 * slots of each schedule, ascending, or all that are left. Null when they span no time: then nothing can be said.
 */
export function defaultStaleAfter(slotsBySchedule: readonly (readonly number[])[]): number | null {
  // Only the first N together are complete: beyond them, the schedule with the closest slots has told no more.
  const slots = slotsBySchedule
    .flatMap((slots) => slots.slice(0, STALE_AFTER_SLOTS))
    .sort((a, b) => a - b)
    .slice(0, STALE_AFTER_SLOTS)
  const longest = slots.reduce((gap, slot, index) => Math.max(gap, slot - (slots[index - 1] ?? slot)), 0)
  return longest === 0 ? null : 2 * longest
}
