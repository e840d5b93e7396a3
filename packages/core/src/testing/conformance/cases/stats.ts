/** Cases: what health learns of a job. */
import assert from 'node:assert/strict'
import { mutexGate } from '../../../store/gates.ts'
import type { JobStats } from '../../../store/runs.ts'
import { both, given, type CaseGroup } from '../conformance-case.ts'
import { assertFields, only, present } from '../expectations.ts'
import { addOwner, claimIds, claimOne, enqueue, finish, LEASE_END, renew, SHORT_LEASE, trigger } from '../run-steps.ts'
import type { ScheduleWrite } from '../../../store/schedules.ts'
import { addSchedule, define, fire, firing, getSchedule, quarantine, scheduleWrite, specText, suspend } from '../schedule-steps.ts'
import type { Trial } from '../trial.ts'

async function statsOf(t: Trial, job: string): Promise<JobStats> {
  return only((await t.store.runs.stats({ jobs: [job], ...t.at() })).jobs, `stats of ${job}`)
}

export const statsCases: CaseGroup = {
  name: 'stats',
  cases: [
    both('a job without runs has empty stats', async (t) => {
      await define(t, 'mail')
      const { value, from, to } = await t.timed(() => t.store.runs.stats({ jobs: ['mail'], ...t.at() }))
      assert.ok(value.storeNow >= from && value.storeNow <= to)
      assert.equal(value.owners, 0)
      assert.deepEqual(value.jobs, [
        {
          job: 'mail',
          generation: 1,
          pending: 0,
          waiting: 0,
          running: 0,
          oldestDueAt: null,
          nextSlot: null,
          overdueSince: null,
          schedules: 0,
          lastRun: null,
          lastSuccess: null,
          lastFailure: null,
          failuresInARow: 0,
          recent: [],
          capableOwners: 0,
          suspended: null,
          resumedAt: null,
          registeredAt: null,
          statics: [],
          unfired: [],
        },
      ])
    }),
    both('jobs are answered in the order asked', async (t) => {
      for (const job of ['mail', 'report', 'index']) await define(t, job)
      await enqueue(t, 'report')
      const { jobs } = await t.store.runs.stats({ jobs: ['report', 'index', 'mail'], ...t.at() })
      assert.deepEqual(
        jobs.map((stats) => [stats.job, stats.pending]),
        [
          ['report', 1],
          ['index', 0],
          ['mail', 0],
        ],
      )
    }),
    both('runs are counted by state; the oldest due one is named', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const now = await t.now()
      await enqueue(t, 'mail', { gates: [mutexGate('m')] })
      await claimOne(t, 'a')
      await enqueue(t, 'mail', { gates: [mutexGate('m')], priority: 5 })
      await claimIds(t, 'a')
      await enqueue(t, 'mail', { runAt: now - t.ms(2_000) })
      await enqueue(t, 'mail', { runAt: now - t.ms(7_000) })
      await enqueue(t, 'mail', { runAt: now + t.ms(600_000) })
      const stats = await statsOf(t, 'mail')
      assert.equal(stats.running, 1)
      assert.equal(stats.pending + stats.waiting, 4)
      assert.ok(stats.pending >= 3)
      assert.equal(stats.oldestDueAt, now - t.ms(7_000))
    }),
    given('a run is due at the very instant of runAt', async (t) => {
      await define(t, 'mail')
      await enqueue(t, 'mail', { delayMs: 1_000 })
      await t.pass(999)
      assert.equal((await statsOf(t, 'mail')).oldestDueAt, null)
      await t.pass(1)
      assert.equal((await statsOf(t, 'mail')).oldestDueAt, await t.now())
    }),
    both('schedules: how many, the next slot, and what is overdue', async (t) => {
      await define(t, 'mail')
      const now = await t.now()
      await addSchedule(t, 'mail', 'future', { asOf: now, nextSlot: now + t.ms(600_000) })
      assertFields(await statsOf(t, 'mail'), { schedules: 1, nextSlot: now + t.ms(600_000), overdueSince: null })
      await addSchedule(t, 'mail', 'late', { asOf: now - t.ms(9_000), nextSlot: now - t.ms(5_000), nextDueAt: now - t.ms(4_000) })
      await addSchedule(t, 'mail', 'stopped', { asOf: now - t.ms(9_000), nextSlot: now - t.ms(8_000) })
      await suspend(t, { job: 'mail', name: 'stopped' }, 'x')
      assertFields(await statsOf(t, 'mail'), { schedules: 3, nextSlot: now - t.ms(5_000), overdueSince: now - t.ms(4_000) })
    }),
    both('last run, success and failure, and failures in a row', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const ids: string[] = []
      for (const then of [
        { to: 'dead', reason: 'x' },
        { to: 'succeeded', result: '1' },
        { to: 'dead', reason: 'y' },
        { to: 'dead', reason: 'z' },
      ] as const) {
        ids.push(await enqueue(t, 'mail'))
        const run = await claimOne(t, 'a')
        await t.pass(50)
        await finish(t, run, then)
        await t.pass(50)
      }
      const stats = await statsOf(t, 'mail')
      assert.equal(stats.lastSuccess?.id, ids[1])
      assert.equal(stats.lastSuccess?.result, '1')
      assert.equal(stats.lastFailure?.id, ids[3])
      assert.equal(stats.lastRun?.id, ids[3])
      assert.equal(stats.failuresInARow, 2)
    }),
    both('a run that its handler skipped counts as a success, other skips do not', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const dead = await enqueue(t, 'mail')
      await finish(t, await claimOne(t, 'a'), { to: 'dead', reason: 'x' })
      await enqueue(t, 'mail')
      const running = await claimOne(t, 'a')
      assert.equal((await trigger(t, 'mail', { skipWhenBusy: true })).outcome, 'skipped')
      assertFields(await statsOf(t, 'mail'), { lastSuccess: null, failuresInARow: 1 })
      await finish(t, running, { to: 'skipped', reason: 'handler: nothing to do' })
      const stats = await statsOf(t, 'mail')
      assert.equal(stats.lastSuccess?.id, running.id)
      assert.equal(stats.lastFailure?.id, dead)
      assert.equal(stats.failuresInARow, 0)
    }),
    given('recent attempts come newest first with lateness and duration, at most 100', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      for (let index = 1; index <= 103; index++) {
        await enqueue(t, 'mail')
        await t.pass(index)
        const run = await claimOne(t, 'a')
        await t.pass(2 * index)
        await finish(t, run, index === 103 ? { to: 'dead', reason: 'x' } : { to: 'succeeded', result: null })
      }
      const { recent } = await statsOf(t, 'mail')
      assert.equal(recent.length, 100)
      assert.deepEqual(recent[0], { outcome: 'failed', latenessMs: 103, durationMs: 206 })
      assert.deepEqual(recent[1], { outcome: 'succeeded', latenessMs: 102, durationMs: 204 })
      assert.deepEqual(recent[99], { outcome: 'succeeded', latenessMs: 4, durationMs: 8 })
    }),
    both('attempts of pruned runs are no longer among the recent', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      for (const result of ['1', '2', '3']) {
        await enqueue(t, 'mail')
        await finish(t, await claimOne(t, 'a'), { to: 'succeeded', result })
      }
      assert.equal((await statsOf(t, 'mail')).recent.length, 3)
      await t.store.runs.prune({ rules: [{ job: 'mail', succeeded: 1, dead: 1, forMs: 10 ** 9 }], limit: 10, ...t.at() })
      assert.equal((await statsOf(t, 'mail')).recent.length, 1)
      assert.equal((await statsOf(t, 'mail')).lastSuccess?.result, '3')
    }),
    both('owners that live and know the job are counted', async (t) => {
      await define(t, 'mail')
      await define(t, 'report')
      await addOwner(t, 'a', ['mail'])
      await addOwner(t, 'b', ['mail', 'report'], SHORT_LEASE)
      assert.equal((await statsOf(t, 'mail')).capableOwners, 2)
      assert.equal((await statsOf(t, 'report')).capableOwners, 1)
      await t.pass(LEASE_END)
      await renew(t, 'a')
      assert.equal((await statsOf(t, 'mail')).capableOwners, 1)
      assert.equal((await statsOf(t, 'report')).capableOwners, 0)
      assert.equal((await t.store.runs.stats({ jobs: [], ...t.at() })).owners, 1)
    }),
    both('a suspension of the job, and the end of the last one', async (t) => {
      await define(t, 'mail')
      const before = await t.timed(() => suspend(t, { job: 'mail' }, 'down'))
      const { suspended, resumedAt } = await statsOf(t, 'mail')
      assert.equal(suspended?.reason, 'down')
      assert.ok(suspended !== null && suspended.at >= before.from && suspended.at <= before.to)
      assert.equal(resumedAt, null)
      await t.pass(50)
      const { from, to } = await t.timed(() => suspend(t, { job: 'mail' }, null))
      const after = await statsOf(t, 'mail')
      assert.equal(after.suspended, null)
      assert.ok(after.resumedAt !== null && after.resumedAt >= from && after.resumedAt <= to)
      await addSchedule(t, 'mail', 'one')
      await suspend(t, { job: 'mail', name: 'one' }, 'only this one')
      assert.equal((await statsOf(t, 'mail')).suspended, null)
    }),
    both('static schedules tell since when the job is registered, and which of them never had a slot', async (t) => {
      const now = await t.now()
      const static_ = async (name: string, asOf: number, nextSlot: number | null): Promise<ScheduleWrite> =>
        scheduleWrite(t, 'mail', name, { asOf, nextSlot, spec: specText(asOf - now) })
      const old = await static_('#1', now - t.ms(9_000), now - t.ms(8_000))
      const spent = [await static_('#2', now - t.ms(5_000), null), await static_('#0', now - t.ms(4_000), null)]
      await define(t, 'mail', { schedules: [old, ...spent] })
      await addSchedule(t, 'mail', 'dynamic', { asOf: now - t.ms(20_000), nextSlot: null })
      const { generation, registeredAt, statics, unfired } = await statsOf(t, 'mail')
      assert.deepEqual({ generation, statics }, { generation: 1, statics: ['#0', '#1', '#2'] })
      assert.equal(registeredAt, now - t.ms(9_000))
      assert.deepEqual(
        unfired,
        [...spent].reverse().map(({ name, spec }) => ({ name, spec })),
      )
      await fire(t, [firing(t, await getSchedule(t, { job: 'mail', name: '#1' }), { nextSlot: null, nextDueAt: null })])
      assert.equal((await statsOf(t, 'mail')).unfired.length, 2, 'one that has fired is spent, and not unfired')
      await quarantine(t, await getSchedule(t, { job: 'mail', name: '#0' }))
      assert.deepEqual(
        (await statsOf(t, 'mail')).unfired.map(({ name }) => name),
        ['#2'],
      )
      await addSchedule(t, 'report', 'dynamic')
      assertFields(await statsOf(t, 'report'), { registeredAt: null, statics: [], unfired: [] })
    }),
    both('a run that waits for its retry shows as the last one', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const id = await enqueue(t, 'mail')
      await finish(t, await claimOne(t, 'a'), { to: 'retry', delayMs: t.ms(600_000) }, { error: { name: 'Error', message: 'no' } })
      const stats = await statsOf(t, 'mail')
      assertFields(stats, { pending: 1, running: 0, failuresInARow: 0, oldestDueAt: null })
      assert.equal(present(stats.recent[0], 'recent attempt').outcome, 'failed')
      assert.equal((await t.store.runs.get({ ids: [id] })).runs[0]?.failures, 1)
    }),
  ],
}
