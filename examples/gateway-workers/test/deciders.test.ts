/** The pure parts of the database workers. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { daysToCount, hoursToCount } from '../src/analytics/windows.ts'
import { computeCohorts } from '../src/cohorts/compute-cohorts.ts'
import { planCreditReset } from '../src/credits/plan-credit-reset.ts'
import { DAY_MS, HOUR_MS, startOfWeek } from '../src/db/time.ts'
import { computeFunnel } from '../src/funnels/compute-funnel.ts'
import { planNewsletterSync, type Subscriber } from '../src/newsletter/plan-newsletter-sync.ts'
import { matchesSegment, type SegmentRule } from '../src/segments/match-segment.ts'
import { type Enrollment, planSequenceSteps } from '../src/sequences/plan-sequence-steps.ts'
import { planExpirations, type Subscription } from '../src/subscriptions/plan-expirations.ts'

const AT = Date.UTC(2026, 2, 4, 12)

describe('planCreditReset', () => {
  const allowances = new Map([['free', 10]])
  it.each([
    ['yesterday', '2026-03-03', 'free', 3, [{ userId: 1, balance: 10, delta: 7 }]],
    ['more left than the plan has', '2026-03-03', 'free', 30, [{ userId: 1, balance: 10, delta: -20 }]],
    ['today already', '2026-03-04', 'free', 3, []],
    ['by a late run of a day that is over', '2026-03-05', 'free', 3, []],
    ['an unknown plan', '2026-03-03', 'lost', 3, []],
  ])('%s', (_, resetOn, plan, credits, expected) => {
    expect(planCreditReset([{ userId: 1, plan, credits, resetOn }], allowances, '2026-03-04')).toEqual(expected)
  })
})

describe('planExpirations', () => {
  const subscription = { id: 1, userId: 2, status: 'active', cancelAtPeriodEnd: false } as const
  it.each<[string, Partial<Subscription> & { periodEnd: number }, string | null, boolean]>([
    ['far ahead', { periodEnd: AT + 8 * DAY_MS }, null, false],
    ['within a week', { periodEnd: AT + 7 * DAY_MS }, null, true],
    ['a millisecond ahead', { periodEnd: AT + 1 }, null, true],
    ['this instant', { periodEnd: AT }, 'past_due', false],
    ['cancelled, this instant', { periodEnd: AT, cancelAtPeriodEnd: true }, 'expired', false],
    ['in its grace, again', { periodEnd: AT - 2 * DAY_MS, status: 'past_due' }, null, false],
    ['at the end of its grace', { periodEnd: AT - 3 * DAY_MS, status: 'past_due' }, 'expired', false],
    ['long over, and nobody looked', { periodEnd: AT - 9 * DAY_MS }, 'expired', false],
    ['past due, and paid since', { periodEnd: AT + DAY_MS, status: 'past_due' }, null, false],
  ])('%s', (_, facts, status, isEndingSoon) => {
    const { changes, endingSoon } = planExpirations([{ ...subscription, ...facts }], AT)
    expect(changes).toEqual(status === null ? [] : [{ id: 1, userId: 2, status }])
    expect(endingSoon).toEqual(isEndingSoon ? [1] : [])
  })
})

it('windows end with the last hour and the last day that are over', () => {
  const at = AT + 59 * 60_000
  expect(hoursToCount(at)).toEqual({ from: AT - DAY_MS, to: AT })
  expect(daysToCount(at)).toEqual({ from: AT - 3.5 * DAY_MS, to: AT - 12 * HOUR_MS })
})

describe('planNewsletterSync', () => {
  const reader = { email: 'ada@example.com', name: 'Ada', plan: 'pro' }
  it.each<[string, Subscriber | null, boolean]>([
    ['unknown', null, true],
    ['as it should be', { ...reader, status: 'subscribed' }, false],
    ['with an old plan', { ...reader, plan: 'free', status: 'subscribed' }, true],
    ['with an old name', { ...reader, name: 'A.', status: 'subscribed' }, true],
    ['back again', { ...reader, status: 'unsubscribed' }, true],
    ['bounced', { ...reader, status: 'bounced' }, false],
  ])('%s', (_, known, isWritten) => {
    expect(planNewsletterSync([reader], known === null ? [] : [known])).toEqual({ subscribe: isWritten ? [reader] : [], unsubscribe: [] })
  })

  it('comes to rest: what it made needs nothing more', () => {
    const one = fc.record({ email: fc.constantFrom('a', 'b', 'c', 'd'), name: fc.constantFrom('x', 'y'), plan: fc.constant('free') })
    const unique = { selector: ({ email }: { email: string }) => email, maxLength: 4 }
    const known = fc.record({
      email: fc.constantFrom('a', 'b', 'c', 'd'),
      name: fc.constantFrom('x', 'y'),
      plan: fc.constantFrom('free', 'pro'),
      status: fc.constantFrom('subscribed' as const, 'unsubscribed' as const, 'bounced' as const),
    })
    fc.assert(
      fc.property(fc.uniqueArray(one, unique), fc.uniqueArray(known, unique), (readers, subscribers) => {
        const { subscribe, unsubscribe } = planNewsletterSync(readers, subscribers)
        const list = new Map<string, Subscriber>(subscribers.map((subscriber) => [subscriber.email, subscriber]))
        for (const email of unsubscribe) list.set(email, { ...list.get(email)!, status: 'unsubscribed' })
        for (const added of subscribe) list.set(added.email, { ...added, status: 'subscribed' })
        expect(planNewsletterSync(readers, [...list.values()])).toEqual({ subscribe: [], unsubscribe: [] })
        const active = [...list.values()].filter(({ status }) => status === 'subscribed')
        expect(active.every(({ email }) => readers.some((wanted) => wanted.email === email))).toBe(true)
      }),
    )
  })
})

describe('planSequenceSteps', () => {
  const steps = [
    { delayHours: 1, subject: 'one' },
    { delayHours: 24, subject: 'two' },
  ]
  const enrollment: Enrollment = { id: 1, steps, nextStep: 0, lastAt: AT - HOUR_MS, email: 'a', isWanted: true }
  const mail = (step: number, subject: string) => ({ step, recipient: 'a', subject })
  it.each<[string, Partial<Enrollment>, unknown]>([
    ['due this instant', {}, { status: 'active', nextStep: 1, lastAt: AT, mail: mail(0, 'one') }],
    ['not yet', { lastAt: AT - HOUR_MS + 1 }, null],
    ['the last one', { nextStep: 1, lastAt: AT - DAY_MS }, { status: 'completed', nextStep: 2, lastAt: AT, mail: mail(1, 'two') }],
    ['a step that the sequence lost', { nextStep: 2 }, { status: 'completed', nextStep: 2, lastAt: AT - HOUR_MS, mail: null }],
    ['not wanted any more', { isWanted: false }, { status: 'stopped', nextStep: 0, lastAt: AT - HOUR_MS, mail: null }],
  ])('%s', (_, facts, expected) => {
    expect(planSequenceSteps([{ ...enrollment, ...facts }], AT)).toEqual(expected === null ? [] : [{ id: 1, ...(expected as object) }])
  })
})

describe('matchesSegment', () => {
  const user = { id: 1, plan: 'pro', createdAt: AT - 10 * DAY_MS, events: [{ name: 'visited', at: AT - 3 * DAY_MS }] }
  it.each<[SegmentRule, boolean]>([
    [{}, true],
    [{ plans: ['pro', 'team'] }, true],
    [{ plans: ['free'] }, false],
    [{ joinedWithinDays: 10 }, true],
    [{ joinedWithinDays: 9 }, false],
    [{ idleDays: 3 }, false],
    [{ idleDays: 2 }, true],
    [{ did: { event: 'visited', times: 1, withinDays: 3 } }, true],
    [{ did: { event: 'visited', times: 2, withinDays: 3 } }, false],
    [{ did: { event: 'visited', times: 1, withinDays: 2 } }, false],
    [{ did: { event: 'ordered', times: 1, withinDays: 30 } }, false],
    [{ plans: ['pro'], idleDays: 3 }, false],
  ])('%j: %s', (rule, expected) => {
    expect(matchesSegment(rule, user, AT)).toBe(expected)
  })
})

describe('computeFunnel', () => {
  const dayAt = Date.UTC(2026, 2, 3)
  const funnel = { steps: ['a', 'b', 'c'], windowMs: 2 * DAY_MS, dayAt }
  it.each<[string, [string, number][], number[]]>([
    [
      'all the way',
      [
        ['a', 0],
        ['b', 1],
        ['c', 2],
      ],
      [1, 1, 1],
    ],
    [
      'in another order in the file',
      [
        ['c', 2],
        ['b', 1],
        ['a', 0],
      ],
      [1, 1, 1],
    ],
    [
      'a step too early',
      [
        ['b', 0],
        ['a', 1],
        ['c', 2],
      ],
      [1, 0, 0],
    ],
    [
      'a step left out',
      [
        ['a', 0],
        ['c', 1],
      ],
      [1, 0, 0],
    ],
    [
      'at the end of the window',
      [
        ['a', 0],
        ['b', 48],
      ],
      [1, 1, 0],
    ],
    [
      'after the window',
      [
        ['a', 0],
        ['b', 49],
      ],
      [1, 0, 0],
    ],
    [
      'entered on another day',
      [
        ['a', -1],
        ['b', 0],
      ],
      [0, 0, 0],
    ],
    [
      'entered twice: the first counts',
      [
        ['a', 1],
        ['a', 23],
        ['b', 50],
      ],
      [1, 0, 0],
    ],
  ])('%s', (_, events, expected) => {
    const own = events.map(([name, hours]) => ({ user: 1, name, at: dayAt + hours * HOUR_MS }))
    expect(computeFunnel(own, funnel)).toEqual(expected)
  })
})

describe('computeCohorts', () => {
  it('begins weeks on Monday, and leaves out the one that is not over', () => {
    const monday = startOfWeek(AT)
    expect(new Date(monday).toISOString()).toBe('2026-03-02T00:00:00.000Z')
    const joined = [
      { user: 1, at: monday - 8 * DAY_MS },
      { user: 2, at: monday - 14 * DAY_MS },
      { user: 3, at: monday },
    ]
    const activity = [
      { user: 1, at: monday - 1 },
      { user: 1, at: monday },
      { user: 2, at: monday - 14 * DAY_MS },
    ]
    expect(computeCohorts(joined, activity, { at: AT, weeks: 2 })).toEqual([
      { cohortAt: monday - 14 * DAY_MS, week: 0, size: 2, active: 1 },
      { cohortAt: monday - 14 * DAY_MS, week: 1, size: 2, active: 1 },
      { cohortAt: monday - 7 * DAY_MS, week: 0, size: 0, active: 0 },
    ])
  })
})
