/** The slots of a rollup's own schedule stand where its windows end. */
import { describe, expect, it, vi } from 'vitest'
import { defineRollup } from '../../src/scheduler/define-rollup.ts'
import type { Grain } from '../../src/rollup/grain.ts'
import { findWindows } from '../../src/rollup/windows.ts'
import { windowSchedule } from '../../src/rollup/window-schedule.ts'
import { dueAt } from '../../src/schedule/jitter.ts'
import { resolveSpec } from '../../src/schedule/resolve-spec.ts'
import { nextBaseSlot } from '../../src/schedule/slots.ts'

vi.setConfig({ testTimeout: 300_000 })

const YEAR_MS = 365 * 86_400_000
const START = Date.UTC(2009, 0, 1)
/** Gaps and repetitions of half an hour and an hour, at midnight and off the hour, a missing day, an offset of 45 minutes. */
const ZONES = [
  'UTC',
  'America/New_York',
  'Australia/Lord_Howe',
  'Pacific/Chatham',
  'America/Sao_Paulo',
  'Asia/Kathmandu',
  'Pacific/Apia',
  'Asia/Gaza',
  'America/Havana',
  'Africa/Casablanca',
]
const EXACT: readonly Grain[] = ['1m', '5m', '15m', '20m', '30m', 'hour', '2h', '6h', 'day', 'week', 'month', '7h', '36h']
/** Slots stand between their windows, too. */
const FINER: readonly Grain[] = ['16m', '90m', '48m']

const planned = (grain: Grain, timeZone: string, grace: number = 60_000) => {
  const { policy } = defineRollup({ name: 'r', grain, timeZone, start: START, grace, refresh: () => undefined })
  return { windows: policy.windows, spec: resolveSpec(windowSchedule(policy.windows, policy.planning).spec, 0), planning: policy.planning }
}

describe('windowSchedule', () => {
  it.each(EXACT)('has a slot at the end of each window of %s, and no other', (grain) => {
    const { stepMs } = findWindows(grain).grain
    // Thousands of windows per zone, and a year at least of the coarse ones.
    const reach = Math.min(5 * YEAR_MS, Math.max(4_000 * stepMs, YEAR_MS / 12))
    for (const zone of ZONES) {
      const { windows, spec, planning } = planned(grain, zone)
      let window = windows.windowOf(planning.startAt)
      let slot = nextBaseSlot(spec, window.start - 1)
      for (let count = 0; window.start < planning.startAt + reach; count++) {
        if (slot !== window.end) expect([zone, count, slot]).toEqual([zone, count, window.end])
        window = windows.next(window)
        slot = nextBaseSlot(spec, slot as number)
      }
    }
  })

  it.each(FINER)('has a slot at the end of each window of %s, among others', (grain) => {
    for (const zone of ZONES) {
      const { windows, spec, planning } = planned(grain, zone)
      for (const { end } of windows.between(planning.startAt, planning.startAt + YEAR_MS)) {
        if (nextBaseSlot(spec, end - 1) !== end) expect([zone, nextBaseSlot(spec, end - 1)]).toEqual([zone, end])
      }
    }
  })

  it('is due a grace after each end', () => {
    const { spec } = planned('day', 'Europe/Berlin', 300_000)
    const slot = nextBaseSlot(spec, Date.UTC(2026, 0, 5)) as number
    expect(new Date(slot).toISOString()).toBe('2026-01-05T23:00:00.000Z')
    expect(dueAt(spec, 'r/#windows', slot) - slot).toBe(300_000)
    expect('delayMs' in planned('day', 'Europe/Berlin', 0).spec).toBe(false)
  })
})
