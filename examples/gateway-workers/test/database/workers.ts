/** Each database worker against what the test computes from the shipped file, and then once more. */
import { beforeEach, describe, expect, it } from 'vitest'
import { ms, select } from '../../src/db/queries.ts'
import { DAY_MS, HOUR_MS } from '../../src/db/time.ts'
import { SEED_TODAY } from '../../src/seed/seed-database.ts'
import { dump, NOW, type SeededGateway, shippedRows } from '../support/seeded-gateway.ts'

interface UserRow {
  readonly id: number
  readonly email: string
  readonly name: string
  readonly plan: string
  readonly credits: number
  readonly credits_reset_on: string
  readonly newsletter: boolean
  readonly created_at: string
  readonly closed_at: string | null
}

interface EventRow {
  readonly id: number
  readonly user_id: number
  readonly name: string
  readonly at: string
}

const users = shippedRows<UserRow>('users')
const events = shippedRows<EventRow>('events').map((event) => ({ ...event, at: Date.parse(event.at) }))
const openUsers = users.filter(({ closed_at }) => closed_at === null)
const today = '2026-03-02'

export function describeWorkers(gateway: SeededGateway): void {
  beforeEach(() => gateway.reset())

  const rows = <Row>(sql: string): Promise<readonly Row[]> => select<Row>(gateway.db, sql)

  describe('reset-credits', () => {
    it('gives open accounts the credits of their plan, and writes what that changed', async () => {
      const allowance: Readonly<Record<string, number>> = { free: 10, pro: 100, team: 500 }
      const due = openUsers.filter((user) => user.credits_reset_on < today)
      expect(await gateway.run('reset-credits')).toEqual({ reset: due.length })
      expect(due.length).toBeGreaterThan(20)
      expect(due.length).toBeLessThan(openUsers.length)

      const expected = users.map(({ id, plan, credits, credits_reset_on, closed_at }) =>
        closed_at === null && credits_reset_on < today ? [id, allowance[plan], today] : [id, credits, credits_reset_on],
      )
      const found = await rows<{ id: number; credits: number; day: string }>(
        'select id, credits, credits_reset_on::text as day from gateway.users order by id',
      )
      expect(found.map(({ id, credits, day }) => [id, credits, day])).toEqual(expected)
      expect(await rows('select user_id, day::text, delta, balance from gateway.credit_ledger order by user_id')).toEqual(
        due.map(({ id, plan, credits }) => ({ user_id: id, day: today, delta: allowance[plan]! - credits, balance: allowance[plan] })),
      )
    })

    it('comes again with the next day', async () => {
      await gateway.run('reset-credits')
      gateway.now = NOW + DAY_MS
      expect(await gateway.run('reset-credits')).toEqual({ reset: openUsers.length })
    })
  })

  describe('check-expirations', () => {
    interface SubscriptionRow {
      readonly id: number
      readonly user_id: number
      readonly status: string
      readonly period_end: string
      readonly cancel_at_period_end: boolean
    }
    const subscriptions = shippedRows<SubscriptionRow>('subscriptions')

    it('ends what is over, takes users back to the free plan, and announces what will end', async () => {
      const statusOf = ({ status, period_end, cancel_at_period_end }: SubscriptionRow): string => {
        const lateMs = NOW - Date.parse(period_end)
        if (lateMs < 0) return status
        return cancel_at_period_end || lateMs >= 3 * DAY_MS ? 'expired' : 'past_due'
      }
      const expired = subscriptions.filter((one) => statusOf(one) === 'expired')
      const soon = subscriptions.filter(({ status, period_end }) => {
        const leftMs = Date.parse(period_end) - NOW
        return status === 'active' && leftMs > 0 && leftMs <= 7 * DAY_MS
      })
      const pastDue = subscriptions.filter((one) => statusOf(one) === 'past_due' && one.status === 'active')
      expect([expired.length, soon.length, pastDue.length].every((count) => count > 0)).toBe(true)

      expect(await gateway.run('check-expirations')).toEqual({ pastDue: pastDue.length, expired: expired.length, notices: soon.length })
      expect(await rows('select id, status from gateway.subscriptions order by id')).toEqual(
        subscriptions.map((one) => ({ id: one.id, status: statusOf(one) })),
      )
      const free = new Set(expired.map(({ user_id }) => user_id))
      expect(await rows('select id, plan from gateway.users order by id')).toEqual(
        users.map(({ id, plan }) => ({ id, plan: free.has(id) ? 'free' : plan })),
      )
      const notices = await rows<{ id: number }>('select subscription_id as id from gateway.subscription_notices order by 1')
      expect(notices.map(({ id }) => id)).toEqual(soon.map(({ id }) => id))
    })
  })

  /** `bucket event` → [how many, of how many users]. */
  function countBy(from: number, to: number, bucket: (at: number) => string): Readonly<Record<string, readonly number[]>> {
    const groups = Object.groupBy(
      events.filter(({ at }) => at >= from && at < to),
      ({ at, name }) => `${bucket(at)} ${name}`,
    )
    return Object.fromEntries(
      Object.entries(groups).map(([key, all = []]) => [key, [all.length, new Set(all.map(({ user_id }) => user_id)).size]]),
    )
  }

  describe('aggregate-hourly and aggregate-analytics', () => {
    const hourOf = (at: number): string => `${new Date(at).toISOString().slice(0, 13)}:00:00.000Z`
    const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10)
    const found = async (sql: string): Promise<unknown> =>
      Object.fromEntries(
        (await rows<{ bucket: string | number; event: string; count: number; users: number }>(sql)).map(
          ({ bucket, event, count, users: who }) => [
            `${typeof bucket === 'number' ? new Date(bucket).toISOString() : bucket} ${event}`,
            [count, who],
          ],
        ),
      )
    const hours = `select ${ms('hour')} as bucket, event, count, users from gateway.analytics_hourly`
    const days = 'select day::text as bucket, event, count, users from gateway.analytics_daily'

    it('count the last 24 whole hours', async () => {
      const expected = countBy(NOW - DAY_MS, NOW, hourOf)
      expect(await gateway.run('aggregate-hourly')).toEqual({ written: Object.keys(expected).length })
      expect(await found(hours)).toEqual(expected)
      expect(Object.keys(expected).length).toBeGreaterThan(3)
    })

    it('count the last three whole days', async () => {
      const expected = countBy(SEED_TODAY - 3 * DAY_MS, SEED_TODAY, dayOf)
      expect(await gateway.run('aggregate-analytics')).toEqual({ written: Object.keys(expected).length })
      expect(await found(days)).toEqual(expected)
      expect(Object.keys(expected).length).toBeGreaterThan(5)
    })

    it('count what comes late, and touch nothing else', async () => {
      await gateway.run('aggregate-analytics')
      await gateway.db.query(
        `insert into gateway.events values (9001, 1, 'visited', '2026-03-01T12:00:00Z'), (9002, 1, 'visited', '2026-02-20T12:00:00Z')`,
      )
      expect(await gateway.run('aggregate-analytics')).toEqual({ written: 1 })
    })
  })

  describe('sync-newsletter', () => {
    it('adds who wants it, corrects what is old, takes out who does not, and leaves bounced addresses alone', async () => {
      const before = shippedRows<{ email: string; name: string; plan: string; status: string }>('newsletter_subscribers')
      const wanted = openUsers.filter(({ newsletter }) => newsletter)
      const expected = new Map(before.map(({ email, name, plan, status }) => [email, { email, name, plan, status }]))
      for (const one of expected.values()) {
        if (one.status === 'subscribed' && !wanted.some(({ email }) => email === one.email)) one.status = 'unsubscribed'
      }
      for (const { email, name, plan } of wanted) {
        if (expected.get(email)?.status !== 'bounced') expected.set(email, { email, name, plan, status: 'subscribed' })
      }
      await gateway.run('sync-newsletter')
      expect(await rows('select email, name, plan, status from gateway.newsletter_subscribers order by email collate "C"')).toEqual(
        [...expected.values()].toSorted((a, b) => (a.email < b.email ? -1 : 1)),
      )
      expect(new Set([...expected.values()].map(({ status }) => status)).size).toBe(3)
    })
  })

  describe('process-sequences', () => {
    interface EnrollmentRow {
      readonly id: number
      readonly user_id: number
      readonly next_step: number
      readonly last_at: string
    }
    const enrollments = shippedRows<EnrollmentRow>('enrollments')
    const delays = [1, 24, 72]

    it('queues the mails that are due', async () => {
      const wants = (id: number): boolean => openUsers.some((user) => user.id === id && user.newsletter)
      const due = enrollments.filter(
        ({ user_id, next_step, last_at }) => wants(user_id) && Date.parse(last_at) + delays[next_step]! * HOUR_MS <= NOW,
      )
      const stopped = enrollments.filter(({ user_id }) => !wants(user_id))
      expect(await gateway.run('process-sequences')).toEqual({
        queued: due.length,
        completed: due.filter(({ next_step }) => next_step === 2).length,
        stopped: stopped.length,
      })
      expect(due.length).toBeGreaterThan(3)
      const mails = await rows<{ id: number; step: number; recipient: string }>(
        `select enrollment_id as id, step, recipient from gateway.outbox where queued_at = '${new Date(NOW).toISOString()}' order by 1`,
      )
      expect(mails).toEqual(due.map(({ id, user_id, next_step }) => ({ id, step: next_step, recipient: users[user_id - 1]!.email })))
    })

    it('goes on a day later with those who are not through', async () => {
      await gateway.run('process-sequences')
      gateway.now = NOW + DAY_MS
      const first = await rows<{ id: number }>(`select id from gateway.enrollments where status = 'active' and next_step = 1`)
      await gateway.run('process-sequences')
      const second = await rows<{ id: number }>(
        `select enrollment_id as id from gateway.outbox where step = 1 and queued_at > '2026-03-03'`,
      )
      expect(first.length).toBeGreaterThan(0)
      expect(new Set(second.map(({ id }) => id))).toEqual(new Set(first.map(({ id }) => id)))
    })
  })

  describe('update-segments', () => {
    it('lets users in and out by the rules', async () => {
      const since = (days: number): number => NOW - days * DAY_MS
      const members: [string, number][] = []
      for (const { id, plan, created_at } of openUsers) {
        const own = events.filter(({ user_id }) => user_id === id)
        if (own.filter(({ name, at }) => name === 'print_ordered' && at >= since(30)).length >= 3) members.push(['power-users', id])
        if (plan !== 'free' && !own.some(({ at }) => at >= since(7))) members.push(['at-risk', id])
        if (Date.parse(created_at) >= since(14)) members.push(['newcomers', id])
      }
      expect(new Set(members.map(([segment]) => segment)).size).toBe(3)
      const { joined, left } = (await gateway.run('update-segments')) as { joined: number; left: number }
      const found = await rows<{ segment: string; user: number }>(
        'select segment_id as segment, user_id as user from gateway.segment_members order by segment_id collate "C", user_id',
      )
      const compare = (a: [string, number], b: [string, number]): number => (a[0] === b[0] ? a[1] - b[1] : a[0] < b[0] ? -1 : 1)
      expect(found.map(({ segment, user }) => [segment, user])).toEqual(members.toSorted(compare))
      expect(joined - left).toBe(members.length - 2)
      expect(left).toBeGreaterThan(0)
    })
  })

  describe('compute-funnels', () => {
    it('counts who came how far within the window, for each of seven days', async () => {
      await gateway.run('compute-funnels')
      const found = await rows<{ funnel: string; day: string; step: number; users: number }>(
        'select funnel_id as funnel, day::text, step, users from gateway.funnel_results',
      )
      expect(found).toHaveLength(7 * (3 + 2))
      const results = new Map(found.map(({ funnel, day, step, users: reached }) => [`${funnel} ${day} ${step}`, reached]))
      for (let ago = 1; ago <= 7; ago += 1) {
        const from = SEED_TODAY - ago * DAY_MS
        const day = new Date(from).toISOString().slice(0, 10)
        // Of the purchase funnel: a visit, then an order within a day of it. Orders and visits at one instant count.
        const firstVisits = new Map<number, number>()
        for (const { user_id, name, at } of events) {
          if (name === 'visited' && at >= from && at < from + DAY_MS) firstVisits.set(user_id, Math.min(at, firstVisits.get(user_id) ?? at))
        }
        const buyers = [...firstVisits].filter(([user, visit]) =>
          events.some(
            ({ user_id, name, at }) =>
              user_id === user && name === 'print_ordered' && at >= visit && at <= visit + DAY_MS && at < SEED_TODAY,
          ),
        )
        expect([day, results.get(`purchase ${day} 0`), results.get(`purchase ${day} 1`)]).toEqual([day, firstVisits.size, buyers.length])
      }
      expect(Math.max(...results.values())).toBeGreaterThan(3)
    })
  })

  describe('refresh-cohorts', () => {
    it('follows those who joined in each of eight weeks', async () => {
      await gateway.run('refresh-cohorts')
      const found = await rows<{ cohort: string; week: number; size: number; active: number }>(
        'select cohort::text, week, size, active from gateway.cohort_retention order by cohort, week',
      )
      // Today is a Monday: weeks are counted back from it.
      const weekOf = (at: number): number => Math.ceil((SEED_TODAY - at) / (7 * DAY_MS))
      const expected = [8, 7, 6, 5, 4, 3, 2, 1].flatMap((ago) => {
        const members = users.filter(({ created_at }) => weekOf(Date.parse(created_at)) === ago)
        return Array.from({ length: ago }, (_, week) => ({
          cohort: new Date(SEED_TODAY - ago * 7 * DAY_MS).toISOString().slice(0, 10),
          week,
          size: members.length,
          active: members.filter(({ id }) => events.some(({ user_id, at }) => user_id === id && weekOf(at) === ago - week)).length,
        }))
      })
      expect(found).toEqual(expected)
      expect(expected.some(({ size, active }) => active > 0 && active < size)).toBe(true)
    })
  })

  describe('cleanup', () => {
    it('deletes what is too old', async () => {
      const old = events.filter(({ at }) => at < NOW - 90 * DAY_MS)
      const over = shippedRows<{ id: string; expires_at: string }>('sessions').filter(({ expires_at }) => Date.parse(expires_at) < NOW)
      const mails = shippedRows<{ queued_at: string }>('outbox').filter(({ queued_at }) => Date.parse(queued_at) < NOW - 180 * DAY_MS)
      expect(await gateway.run('cleanup')).toEqual({
        events: old.length,
        sessions: over.length,
        outbox: mails.length,
        analytics_hourly: 0,
        credit_ledger: 0,
      })
      expect([old.length, over.length, mails.length].every((count) => count > 0)).toBe(true)
      const left = await rows<{ id: number }>('select id from gateway.events order by id')
      expect(left.map(({ id }) => id)).toEqual(events.filter((event) => !old.includes(event)).map(({ id }) => id))
    })
  })

  it('all of them change rows, and nothing when they are repeated', async () => {
    const names = [
      'reset-credits',
      'check-expirations',
      'aggregate-analytics',
      'sync-newsletter',
      'process-sequences',
      'update-segments',
      'aggregate-hourly',
      'compute-funnels',
      'refresh-cohorts',
      'cleanup',
    ]
    let last = await dump(gateway.db)
    for (const name of names) {
      await gateway.run(name)
      const now = await dump(gateway.db)
      expect(now, name).not.toEqual(last)
      last = now
    }
    for (const name of names) await gateway.run(name)
    expect(await dump(gateway.db)).toEqual(last)
  })
}
