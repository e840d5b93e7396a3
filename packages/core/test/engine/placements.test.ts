import { describe, expect, it } from 'vitest'
import { createPlacements } from '../../src/engine/placements.ts'
import { placeSpec } from '../../src/engine/plan-registration.ts'
import { at } from '../../src/schedule/at.ts'
import { cron } from '../../src/schedule/cron.ts'
import { every } from '../../src/schedule/every.ts'
import type { ScheduleSpec } from '../../src/schedule/schedule.ts'

const HOUR_MS = 3_600_000
const NOON = Date.UTC(2026, 2, 1, 12)

const place = (spec: ScheduleSpec, asOf: number) => placeSpec({ spec, functions: [], asOf, anchorAt: null })

const SPECS: Readonly<Record<string, ScheduleSpec>> = {
  'a cron': cron('30 * * * *').spec,
  'a cron with an end': cron('0 * * * *', { end: new Date(NOON + 2 * HOUR_MS) }).spec,
  'an interval': every('1h').spec,
  'an interval from its registration': every('7m', { anchor: 'registration' }).spec,
  'a single instant': at(new Date(NOON + HOUR_MS)).spec,
  'an instant that is over': at(new Date(NOON - HOUR_MS)).spec,
}

describe('placements', () => {
  it.each(Object.entries(SPECS))('%s that is found stands where it would be placed', (_, spec) => {
    let found = 0
    for (let kept = 0; kept < 5; kept++) {
      const placements = createPlacements()
      placements.keep(spec, NOON + kept * 20 * 60_000, place(spec, NOON + kept * 20 * 60_000))
      for (let minute = -10; minute < 200; minute++) {
        const asOf = NOON + minute * 60_000
        const known = placements.find(spec, asOf)
        if (known === undefined) continue
        found++
        expect(known).toEqual(place(spec, asOf))
      }
    }
    expect(found).toBeGreaterThanOrEqual(5)
  })

  it('are found up to the next slot, which it no longer holds for', () => {
    const placements = createPlacements()
    const spec = cron('30 * * * *').spec
    placements.keep(spec, NOON, place(spec, NOON))
    const slot = NOON + HOUR_MS / 2
    expect(placements.find(spec, slot - 1)?.nextSlot).toBe(slot)
    expect(placements.find(spec, slot)).toBeUndefined()
    expect(placements.find(spec, NOON - 1)).toBeUndefined()
  })

  it('are of one spec, and few', () => {
    const placements = createPlacements()
    const specs = Array.from({ length: 1_001 }, () => cron('0 0 * * *').spec)
    for (const spec of specs) placements.keep(spec, NOON, place(spec, NOON))
    expect(specs.filter((spec) => placements.find(spec, NOON) !== undefined)).toHaveLength(1)
  })
})
