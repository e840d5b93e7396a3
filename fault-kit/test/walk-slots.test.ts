/** The walk must find what it is there for. */
import { describe, expect, it } from 'vitest'
import type { KeptSchedule, SlotEntry } from '../src/store-look.ts'
import { walkSlots } from '../src/walk-slots.ts'

const schedule: KeptSchedule = {
  id: '7',
  job: 'tick',
  everyMs: 100,
  startAt: null,
  createdAt: 950,
  cursor: 1_300,
  nextSlot: 1_400,
  horizon: null,
}
const run = (slot: number): SlotEntry => ({ from: slot, to: slot, count: 1, skipped: null })
const stretch = (from: number, to: number, count: number): SlotEntry => ({ from, to, count, skipped: 'misfire' })

describe('walkSlots', () => {
  it('counts runs and stretches, in whatever order', () => {
    expect(walkSlots(schedule, [run(1_300), stretch(1_100, 1_200, 2), run(1_000)])).toBe(4)
  })

  it('begins after the schedule was made, and not before its start', () => {
    expect(walkSlots({ ...schedule, createdAt: 1_000 }, [run(1_100), run(1_200), run(1_300)])).toBe(3)
    expect(walkSlots({ ...schedule, startAt: 1_201 }, [run(1_300)])).toBe(1)
  })

  it.each([
    ['without a record', [run(1_000), run(1_200), run(1_300)], /1100 was next/],
    ['with two records', [run(1_000), run(1_000), run(1_100), run(1_200), run(1_300)], /is of 1000; 1100 was next/],
    ['beside the grid', [run(1_000), run(1_050), run(1_200), run(1_300)], /is of 1050/],
    ['at the end without a record', [run(1_000), run(1_100), run(1_200)], /slot 1300 has no record/],
    ['miscounted in a stretch', [stretch(1_000, 1_300, 3)], /there are 4/],
  ])('finds a slot %s', (_, entries, told) => {
    expect(() => walkSlots(schedule, entries)).toThrow(told)
  })
})
