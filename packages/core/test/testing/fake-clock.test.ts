import { describe, expect, it } from 'vitest'
import { fakeClock } from '../../src/testing/fake-clock.ts'
import { refusalOf } from '../scheduler/refusal-of.ts'

const T = Date.UTC(2026, 0, 1)
const loose = (value: unknown): never => value as never

describe('fakeClock', () => {
  it('starts where it is told, with an offset or in UTC', () => {
    expect(fakeClock().now()).toBe(T)
    expect(fakeClock('2026-01-01').now()).toBe(T)
    expect(fakeClock('2026-01-01T02:00:00+02:00').now()).toBe(T)
    expect(fakeClock(new Date(T)).now()).toBe(T)
  })

  it.each<[what: string, run: () => unknown, message: string]>([
    ['a month that does not exist', () => fakeClock('2026-13-01'), 'InvalidInstant: startAt: "2026-13-01" is not an instant.'],
    ['local time', () => fakeClock('2026-01-01T00:00:00'), 'InvalidInstant: startAt: "2026-01-01T00:00:00" is not an instant.'],
    ['an invalid Date', () => fakeClock(new Date(Number.NaN)), 'InvalidInstant: startAt: an invalid Date'],
    ['no duration', () => fakeClock().advance(loose('soon')), 'InvalidDuration: advance: "soon" is not a duration.'],
    ['time that goes back', () => fakeClock().advance(-1), 'InvalidDuration: advance: -1 is too short'],
    ['no number', () => fakeClock().advance(Number.NaN), 'InvalidDuration: advance: NaN'],
    ['the past', () => fakeClock().advanceTo(T - 1_000), 'InvalidInstant: advanceTo: 1767225599000 lies 1000 ms in the past'],
    ['an instant without an offset', () => fakeClock().advanceTo('2026-01-02T00:00'), 'InvalidInstant: advanceTo: "2026-01-02T00:00"'],
    ['a jump of text', () => fakeClock().jump(loose('5s')), 'InvalidDuration: jump: "5s" is not a number of milliseconds.'],
  ])('refuses %s', async (_, run, message) => {
    expect(await refusalOf(run)).toContain(message)
  })

  it('advances by any duration', async () => {
    const clock = fakeClock()
    await clock.advance('5s')
    await clock.advance(0.5)
    expect(clock.now()).toBe(T + 5_000.5)
  })

  it('says what to do with a promise that waits for something else than time', async () => {
    const never = new Promise<void>(() => undefined)
    expect(await refusalOf(() => fakeClock().until(never, '2h'))).toBe(
      "WaitTimedOut: until: not settled within 2h of this clock's time. If it waits for real I/O, which takes no time of this clock, " +
        'await it directly; else give it longer.',
    )
  })
})
