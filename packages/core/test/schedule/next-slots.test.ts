import { describe, expect, it } from 'vitest'
import { at } from '../../src/schedule/at.ts'
import { cron } from '../../src/schedule/cron.ts'
import { every } from '../../src/schedule/every.ts'
import { nextFiringSlot, nextSlots } from '../../src/schedule/next-slots.ts'
import { resolveSpec } from '../../src/schedule/resolve-spec.ts'
import { refusal } from './expect-error.ts'

const HOUR = 3_600_000

describe('nextSlots', () => {
  it('gives dates strictly after `from`', () => {
    const slots = nextSlots(cron('30 2 * * *', { timeZone: 'Europe/Berlin' }), { from: '2026-03-28T01:30:00Z', count: 3 })
    expect(slots.map((slot) => slot.toISOString())).toEqual([
      '2026-03-29T01:00:00.000Z',
      '2026-03-30T00:30:00.000Z',
      '2026-03-31T00:30:00.000Z',
    ])
  })

  it('gives ten unless told otherwise, fewer when the schedule ends, none when it is over', () => {
    expect(nextSlots(every('1h'), { from: 0 })).toHaveLength(10)
    expect(nextSlots(every('1h', { end: 3 * HOUR }), { from: 0 }).map(Number)).toEqual([HOUR, 2 * HOUR, 3 * HOUR])
    expect(nextSlots(at(5), { from: 5 })).toEqual([])
    expect(nextSlots(cron('0 0 30 2 *'), { from: 0 })).toEqual([])
    expect(nextSlots(every('1h'), { from: 0, count: 0 })).toEqual([])
  })

  it('leaves out excluded slots', () => {
    const exclude = ['1970-01-02', { from: 0, to: 20 * HOUR }, (slot: Date) => slot.getUTCHours() === 22] as const
    const slots = nextSlots(every('1h', { exclude }), { from: 0, count: 5 })
    expect(slots.map((slot) => slot.toISOString().slice(0, 13))).toEqual([
      '1970-01-01T20',
      '1970-01-01T21',
      '1970-01-01T23',
      '1970-01-03T00',
      '1970-01-03T01',
    ])
  })

  it('gives up where everything is left out', () => {
    expect(nextSlots(every('1s', { exclude: [() => true] }), { from: 0 })).toEqual([])
  })

  it('takes `from` for the registration', () => {
    expect(nextSlots(every('6h', { anchor: 'registration', align: '1h' }), { from: '2026-05-01T14:23:00Z', count: 1 })).toEqual([
      new Date('2026-05-01T20:00:00Z'),
    ])
  })

  it('needs the job of an H', () => {
    const schedule = cron('H H * * *')
    expect(refusal(() => nextSlots(schedule, { from: 0 }))).toContain('InvalidSchedule')
    expect(nextSlots(schedule, { from: 0, job: 'report' })).toEqual(nextSlots(schedule, { from: 0, job: 'report' }))
    expect(nextSlots(schedule, { from: 0, job: 'report' })).not.toEqual(nextSlots(schedule, { from: 0, job: 'other' }))
  })

  it('refuses a wrong count or instant', () => {
    expect(refusal(() => nextSlots(every('1h'), { from: 0, count: -1 }))).toContain('InvalidOption: count: -1')
    expect(refusal(() => nextSlots(every('1h'), { from: 0, count: 10_001 }))).toContain('10000')
    expect(refusal(() => nextSlots(every('1h'), { from: 'now' }))).toContain('InvalidInstant: from: "now"')
  })
})

describe('nextFiringSlot', () => {
  it('looks over excluded slots', () => {
    const { spec, excludes } = every('1h', { exclude: [(slot) => slot.getUTCHours() < 12] })
    expect(nextFiringSlot(resolveSpec(spec, 0), excludes, 0)).toBe(12 * HOUR)
  })

  it('stops after a thousand, so that the engine wakes, accounts for them, and looks on', () => {
    const { spec, excludes } = every('1s', { exclude: [() => true] })
    expect(nextFiringSlot(resolveSpec(spec, 0), excludes, 0)).toBe(1_001_000)
  })

  it('is null when the schedule ends with excluded slots', () => {
    const { spec, excludes } = every('1h', { end: 9 * HOUR, exclude: [(slot) => Number(slot) > HOUR] })
    expect(nextFiringSlot(resolveSpec(spec, 0), excludes, 0)).toBe(HOUR)
    expect(nextFiringSlot(resolveSpec(spec, 0), excludes, HOUR)).toBeNull()
  })
})
