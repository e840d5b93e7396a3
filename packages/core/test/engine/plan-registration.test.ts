import { describe, expect, it } from 'vitest'
import { planRegistration, type RegistrationFacts } from '../../src/engine/plan-registration.ts'
import { defineJob, every } from '../../src/index.ts'
import type { JobRecord, ScheduleRecord } from '../../src/store/records.ts'

const NOON = Date.UTC(2026, 0, 1, 12)
const { policy } = defineJob({ name: 'j', schedule: every('1h'), run: () => undefined })
const stored = (over: Partial<JobRecord>): JobRecord => ({
  job: 'j',
  generation: 3,
  hash: 'new',
  superseded: ['old'],
  declared: ['new'],
  concurrency: null,
  rateLimit: null,
  suspended: null,
  suspendedStretches: [],
  ...over,
})
const facts = (over: Partial<RegistrationFacts>): RegistrationFacts => ({
  policy,
  hash: 'old',
  payloads: [null],
  record: null,
  schedules: [],
  asOf: NOON,
  nextId: () => 'id',
  ...over,
})
const registration = (given: RegistrationFacts) => {
  const plan = planRegistration(given)
  return plan.kind === 'register' ? plan.registration : expect.unreachable(plan.kind)
}

describe('planRegistration', () => {
  it('writes a job that the store does not know', () => {
    expect(registration(facts({}))).toMatchObject({
      expectedGeneration: 0,
      schedules: [{ name: '#0', key: '', asOf: NOON, nextSlot: NOON + 3_600_000 }],
    })
  })

  it.each([
    [
      'the stored hash',
      facts({ hash: 'new', record: stored({}), schedules: [{ name: '#0', quarantined: null } as ScheduleRecord] }),
      'current',
    ],
    [
      'the stored hash, and a schedule that nobody could read',
      facts({ hash: 'new', record: stored({}), schedules: [{ name: '#0', quarantined: 'odd' } as ScheduleRecord] }),
      'register',
    ],
    ['the stored hash without its schedule', facts({ hash: 'new', record: stored({}) }), 'register'],
    ['a replaced hash while its successor lives', facts({ record: stored({ declared: ['old', 'new'] }) }), 'superseded'],
    ['a replaced hash whose successor is gone', facts({ record: stored({ declared: ['old'] }) }), 'register'],
    ['a hash never seen', facts({ hash: 'newest', record: stored({}) }), 'register'],
  ])('judges %s', (_, given, kind) => {
    expect(planRegistration(given).kind).toBe(kind)
  })

  it('compares with the generation it read', () => {
    expect(registration(facts({ hash: 'newest', record: stored({}) })).expectedGeneration).toBe(3)
  })

  it('never plans behind the cursor of a schedule that exists', () => {
    const existing = {
      job: 'j',
      name: '#0',
      cursor: NOON + 7_200_000,
      spec: '{"kind":"every","everyMs":60000,"anchorAt":0}',
      incarnation: 'first',
    } as ScheduleRecord
    const [write] = registration(facts({ hash: 'newest', record: stored({}), schedules: [existing] })).schedules
    expect(write).toMatchObject({ asOf: NOON + 7_200_000, nextSlot: NOON + 10_800_000, incarnation: 'first' })
  })

  it('keeps the anchor of a registration that went before', () => {
    const { policy: anchored } = defineJob({
      name: 'j',
      schedule: every('6h', { anchor: 'registration', align: '1h' }),
      run: () => undefined,
    })
    const first = registration(facts({ policy: anchored, asOf: NOON + 420_000 })).schedules[0]
    expect(first?.nextSlot).toBe(NOON + 6 * 3_600_000)
    const existing = { job: 'j', name: '#0', cursor: NOON, spec: first?.spec, incarnation: 'first' } as ScheduleRecord
    const second = registration(facts({ policy: anchored, hash: 'x', record: stored({}), schedules: [existing], asOf: NOON + 7_200_000 }))
      .schedules[0]
    expect(second?.spec).toBe(first?.spec)
    expect(second?.nextSlot).toBe(NOON + 6 * 3_600_000)
  })
})
