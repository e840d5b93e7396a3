/** `planSlots` against a naive reading of its rules, and against the promise: every base slot exactly one record. */
import fc from 'fast-check'
import { expect, it, vi } from 'vitest'
import { at } from '../../src/schedule/at.ts'
import type { CatchUpRule } from '../../src/schedule/catch-up-from.ts'
import { cron } from '../../src/schedule/cron.ts'
import { every } from '../../src/schedule/every.ts'
import { dueAt } from '../../src/schedule/jitter.ts'
import { nextFiringSlot } from '../../src/schedule/next-slots.ts'
import { MAX_RUNS_PER_PLAN, planSlots, type SlotFacts, type SlotPlan } from '../../src/schedule/plan-slots.ts'
import { resolveSpec } from '../../src/schedule/resolve-spec.ts'
import type { Exclusion, Schedule } from '../../src/schedule/schedule.ts'
import { isExcluded, nextBaseSlot } from '../../src/schedule/slots.ts'

// Many cases in one test; a busy machine takes its time.
vi.setConfig({ testTimeout: 300_000 })

const FULL = process.env.QJ_TEST_TIER === 'full' || process.env.QJ_TEST_TIER === 'soak'
/** Shortly before the clocks of Berlin go forward. */
const T = Date.parse('2026-03-28T20:00Z')
const MINUTE = 60_000

type Fate = 'run' | 'misfire' | 'suspended' | 'excluded'

const exclusions: fc.Arbitrary<readonly Exclusion[]> = fc.constantFrom<readonly Exclusion[]>(
  [],
  [],
  [],
  ['2026-03-29'],
  [{ from: T + 40 * MINUTE, to: T + 100 * MINUTE }],
  [(slot) => slot.getUTCMinutes() === 0],
  [(slot) => Math.floor(Number(slot) / (7 * MINUTE)) % 3 === 0],
  [() => true],
)
// More than an interval: `every` takes none such, but a store may hold it.
const jitters = fc.constantFrom(undefined, undefined, 1, 20_000, 7 * MINUTE, 120 * MINUTE)
const delays = fc.constantFrom(undefined, undefined, undefined, 1, 90_000, 25 * MINUTE)
const schedules: fc.Arbitrary<Schedule> = fc
  .tuple(
    fc.constantFrom(
      (options: object) => every('10m', options),
      (options: object) => every('7m', { ...options, anchor: T + 1 }),
      (options: object) => every('45s', options),
      (options: object) => every('1h', { ...options, end: T + 150 * MINUTE }),
      (options: object) => cron('*/15 * * * *', { ...options, timeZone: 'Europe/Berlin' }),
      (options: object) => cron('5,10,35 1-4 * * *', { ...options, timeZone: 'Europe/Berlin' }),
      (options: object) => cron('*/20 * * * * *', { ...options, start: T + 30 * MINUTE }),
      (options: object) => at(T + 31 * MINUTE, options),
    ),
    exclusions,
    jitters,
    delays,
  )
  .map(([make, exclude, jitterMs, delayMs]) => {
    const schedule = make({ exclude }) as Schedule
    const later = { ...(jitterMs === undefined ? {} : { jitterMs }), ...(delayMs === undefined ? {} : { delayMs }) }
    return { ...schedule, spec: { ...schedule.spec, ...later } }
  })
const rules: fc.Arbitrary<CatchUpRule> = fc.oneof(
  fc.constantFrom<CatchUpRule>({ mode: 'latest' }, { mode: 'none' }),
  fc.record({
    mode: fc.constant('all' as const),
    limit: fc.integer({ min: 0, max: 12 }),
    withinMs: fc.option(fc.integer({ min: 0, max: 200 * MINUTE })),
  }),
)
const stretches = fc.array(
  fc
    .tuple(fc.integer({ min: -20, max: 300 }), fc.integer({ min: 0, max: 90 }))
    .map(([from, length]) => [T + from * MINUTE, T + (from + length) * MINUTE] as const),
  { maxLength: 3 },
)

function factsOf(spread: number): fc.Arbitrary<SlotFacts | null> {
  return fc
    .record({
      schedule: schedules,
      catchUp: rules,
      suspendedStretches: fc.oneof(fc.constant([]), stretches),
      cursor: fc.integer({ min: T - 10 * MINUTE, max: T + 60 * MINUTE }),
      late: fc.oneof(fc.integer({ min: 0, max: 3 * MINUTE }), fc.integer({ min: 0, max: spread })),
      misfireAfterMs: fc.constantFrom(0, 35_000, 20 * MINUTE),
      seed: fc.constantFrom('a', 'b', 'c'),
    })
    .map(({ schedule, late, cursor, seed, ...rest }) => {
      const spec = resolveSpec(schedule.spec, T)
      const nextSlot = nextFiringSlot(spec, schedule.excludes, cursor)
      if (nextSlot === null) return null
      return { spec, functions: schedule.excludes, seed, cursor, nextSlot, now: dueAt(spec, seed, nextSlot) + late, ...rest }
    })
}

/** The fate of every base slot that is due, one by one, by the words of the rules. */
function fatesOf(facts: SlotFacts): Map<number, Fate> {
  const { spec, functions, seed, now, catchUp } = facts
  const due: number[] = []
  for (let slot = nextBaseSlot(spec, facts.cursor); slot !== null; slot = nextBaseSlot(spec, slot)) {
    if (slot > facts.nextSlot && dueAt(spec, seed, slot) > now) break
    due.push(slot)
  }
  const isSuspended = (slot: number): boolean => facts.suspendedStretches.some(([from, to]) => slot > from && slot <= to)
  const isMissed = (slot: number): boolean => now - dueAt(spec, seed, slot) > facts.misfireAfterMs
  const open = due.filter((slot) => !isSuspended(slot) && !isExcluded(spec, functions, slot))
  const missed = open.filter(isMissed)
  const madeUp = new Set<number>()
  if (catchUp.mode === 'latest' && missed.length === open.length) for (const slot of missed.slice(-1)) madeUp.add(slot)
  if (catchUp.mode === 'all') {
    const recent = missed.filter((slot) => catchUp.withinMs === null || now - slot <= catchUp.withinMs)
    for (const slot of catchUp.limit === 0 ? [] : recent.slice(-catchUp.limit)) madeUp.add(slot)
  }
  return new Map(
    due.map((slot) => {
      if (isSuspended(slot)) return [slot, 'suspended']
      if (isExcluded(spec, functions, slot)) return [slot, 'excluded']
      return [slot, !isMissed(slot) || madeUp.has(slot) ? 'run' : 'misfire']
    }),
  )
}

/** The fates that a plan gives, slot by slot. Fails when one is given twice, or a range does not end on slots or is miscounted. */
function recordedFates({ spec }: SlotFacts, plan: SlotPlan): Map<number, Fate> {
  const fates = new Map<number, Fate>()
  const record = (slot: number, fate: Fate): void => {
    if (fates.has(slot)) throw new Error(`slot ${slot} twice`)
    fates.set(slot, fate)
  }
  for (const slot of plan.runs) record(slot, 'run')
  for (const { reason, from, to, count } of plan.skips) {
    let found = 0
    let last = Number.NaN
    for (let slot = nextBaseSlot(spec, from - 1); slot !== null && slot <= to; slot = nextBaseSlot(spec, slot)) {
      if (found === 0 && slot !== from) throw new Error(`the range from ${from} begins with no slot`)
      record(slot, reason)
      found++
      last = slot
    }
    expect(last).toBe(to)
    if (count !== null) expect(found).toBe(count)
  }
  return new Map([...fates].sort(([a], [b]) => a - b))
}

it('says what the rules say, for every slot that is due', () => {
  let compared = 0
  fc.assert(
    fc.property(factsOf(150 * MINUTE), (facts) => {
      if (facts === null) return
      const expected = fatesOf(facts)
      const runs = [...expected.values()].filter((fate) => fate === 'run').length
      const changes = [...expected.values()].filter((fate, index, all) => fate !== all[index - 1]).length
      // Longer ones are cut; the next test covers them.
      if (runs >= MAX_RUNS_PER_PLAN || changes >= 95 || expected.size > 900) return
      compared++
      const plan = planSlots(facts)
      expect(recordedFates(facts, plan)).toEqual(expected)
      expect(plan.runs).toEqual([...plan.runs].sort((a, b) => a - b))
      expect(plan.through).toBeGreaterThanOrEqual(facts.nextSlot)
      expect(plan.nextSlot).toBe(nextFiringSlot(facts.spec, facts.functions, plan.through))
      expect(plan.nextDueAt).toBe(plan.nextSlot === null ? null : dueAt(facts.spec, facts.seed, plan.nextSlot))
      if (plan.nextDueAt !== null) expect(plan.nextDueAt).toBeGreaterThan(facts.now)
    }),
    { numRuns: FULL ? 20_000 : 2_000 },
  )
  expect(compared).toBeGreaterThan(1_000)
})

it('plan after plan, every base slot up to the cursor has exactly one record, and it ends', () => {
  fc.assert(
    fc.property(factsOf(7 * 24 * 60 * MINUTE), (first) => {
      if (first === null) return
      const fates = new Map<number, Fate>()
      let facts: SlotFacts = first
      for (let step = 0; ; step++) {
        expect(step).toBeLessThan(400)
        const plan = planSlots(facts)
        expect(plan.runs.length).toBeLessThanOrEqual(MAX_RUNS_PER_PLAN)
        expect(plan.skips.length).toBeLessThanOrEqual(110)
        for (const [slot, fate] of recordedFates(facts, plan)) {
          if (slot <= facts.cursor || slot > plan.through || fates.has(slot))
            throw new Error(`slot ${slot} is not in (cursor, through], or twice`)
          fates.set(slot, fate)
        }
        if (plan.nextSlot === null || (plan.nextDueAt as number) > facts.now) {
          facts = { ...facts, cursor: plan.through }
          break
        }
        facts = { ...facts, cursor: plan.through, nextSlot: plan.nextSlot }
      }
      let slots = 0
      for (
        let slot = nextBaseSlot(first.spec, first.cursor);
        slot !== null && slot <= facts.cursor;
        slot = nextBaseSlot(first.spec, slot)
      ) {
        if (!fates.has(slot)) throw new Error(`slot ${slot} has no record`)
        if (fates.get(slot) === 'run') {
          expect(isExcluded(first.spec, first.functions, slot)).toBe(false)
          expect(first.suspendedStretches.some(([from, to]) => slot > from && slot <= to)).toBe(false)
          expect(slot === first.nextSlot || dueAt(first.spec, first.seed, slot) <= first.now).toBe(true)
        }
        slots++
      }
      expect(fates.size).toBe(slots)
    }),
    { numRuns: FULL ? 500 : 30 },
  )
})
