/** Cases: rows that cannot be understood, and jobs that left the code. */
import assert from 'node:assert/strict'
import { both, type CaseGroup } from '../conformance-case.ts'
import { assertFields, assertGatesSound, only } from '../expectations.ts'
import { addOwner, claimIds, claimOne, enqueue, enqueueMany, finish, LEASE_END, SHORT_LEASE, statesOf } from '../run-steps.ts'
import {
  addSchedule,
  define,
  dueNames,
  fire,
  firing,
  getSchedule,
  quarantine,
  scheduleWrite,
  setSchedules,
  specText,
  STEP,
} from '../schedule-steps.ts'
import type { Trial } from '../trial.ts'

async function retire(t: Trial, ...jobs: readonly string[]): Promise<readonly string[]> {
  return (await t.store.schedules.retire({ jobs, ...t.at() })).replies
}

export const quarantineAndRetireCases: CaseGroup = {
  name: 'quarantine and retire',
  cases: [
    both('a quarantined schedule is neither due nor fired, alone', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const bad = await addSchedule(t, 'mail', 'bad')
      await addSchedule(t, 'mail', 'good')
      await quarantine(t, bad, 'spec is not JSON')
      assertFields(await getSchedule(t, bad), { quarantined: 'spec is not JSON', spec: bad.spec, cursor: bad.cursor })
      assert.deepEqual(await dueNames(t, 'a'), ['mail/good'])
      assert.notEqual(only(await fire(t, [firing(t, bad)]), 'reply').status, 'fired')
      assertFields(await getSchedule(t, bad), { slots: 0, cursor: bad.cursor })
    }),
    both('new content ends a quarantine', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const bad = await addSchedule(t, 'mail', 'bad')
      await quarantine(t, bad, 'spec is not JSON')
      const asOf = (await t.now()) - t.ms(STEP)
      const reply = await setSchedules(t, await scheduleWrite(t, 'mail', 'bad', { spec: specText(1), asOf, nextSlot: asOf + 1 }))
      assert.equal(only(reply, 'reply').status, 'changed')
      assertFields(await getSchedule(t, bad), { quarantined: null })
      assert.deepEqual(await dueNames(t, 'a'), ['mail/bad'])
    }),
    both('quarantining what is not there harms nothing', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const good = await addSchedule(t, 'mail', 'good')
      await quarantine(t, { ...good, name: 'nothing' })
      assert.deepEqual(await dueNames(t, 'a'), ['mail/good'])
    }),
    both('a schedule that was written or fired since it was looked at is not quarantined', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const changed = await addSchedule(t, 'mail', 'changed')
      const fired = await addSchedule(t, 'mail', 'fired')
      const replaced = await addSchedule(t, 'mail', 'replaced')
      await setSchedules(t, await scheduleWrite(t, 'mail', 'changed', { spec: specText(1) }))
      await fire(t, [firing(t, fired)])
      await t.store.schedules.remove({ schedules: [replaced] })
      await addSchedule(t, 'mail', 'replaced')
      for (const looked of [changed, fired, replaced]) {
        await quarantine(t, looked)
        assertFields(await getSchedule(t, looked), { quarantined: null })
      }
    }),
    both('the same content, written again, ends a quarantine', async (t) => {
      const statics = await scheduleWrite(t, 'mail', '#0')
      const generation = await define(t, 'mail', { schedules: [statics] })
      await addOwner(t, 'a', ['mail'])
      const write = await scheduleWrite(t, 'mail', 'k')
      await setSchedules(t, write)
      await quarantine(t, await getSchedule(t, write))
      await quarantine(t, await getSchedule(t, statics))
      assert.deepEqual(await dueNames(t, 'a'), [])
      assert.equal(only(await setSchedules(t, write), 'reply').status, 'changed')
      await define(t, 'mail', { schedules: [statics], expectedGeneration: generation })
      for (const one of [write, statics]) assertFields(await getSchedule(t, one), { quarantined: null })
      assert.deepEqual((await dueNames(t, 'a')).toSorted(), ['mail/#0', 'mail/k'])
      assert.equal(only(await setSchedules(t, write), 'reply').status, 'unchanged')
    }),
    both('a job that a live owner declares is in use', async (t) => {
      await define(t, 'mail', { schedules: [await scheduleWrite(t, 'mail', '#0')] })
      await addOwner(t, 'a', ['mail'])
      const run = await enqueue(t, 'mail')
      assert.deepEqual(await retire(t, 'mail', 'nobody'), ['inUse', 'unknown'])
      assert.deepEqual(await dueNames(t, 'a'), ['mail/#0'])
      assert.deepEqual(await claimIds(t, 'a'), [run])
    }),
    both('a retired job is gone with its schedules; what had not started is cancelled, history stays', async (t) => {
      await define(t, 'mail', { schedules: [await scheduleWrite(t, 'mail', '#0')] })
      await define(t, 'report', { schedules: [await scheduleWrite(t, 'report', '#0')] })
      await addSchedule(t, 'mail', 'tenant-1')
      await addOwner(t, 'a', ['mail'])
      const done = await enqueue(t, 'mail')
      await finish(t, await claimOne(t, 'a'))
      await enqueue(t, 'mail', { gates: ['mutex:m'] })
      const held = await claimOne(t, 'a')
      const waiting = await enqueue(t, 'mail', { gates: ['mutex:m'] })
      assert.deepEqual(await claimIds(t, 'a'), [])
      await finish(t, held)
      const pending = await enqueue(t, 'mail')
      const later = await enqueue(t, 'mail', { delayMs: t.ms(600_000) })
      await t.store.runs.leave({ owner: 'a', ...t.at() })
      assert.deepEqual(await retire(t, 'mail'), ['retired'])
      assert.deepEqual(await retire(t, 'mail'), ['unknown'])
      const loaded = await t.store.schedules.load({ jobs: ['mail', 'report'] })
      assert.deepEqual(
        loaded.jobs.map((job) => job.job),
        ['report'],
      )
      const { schedules } = await t.store.schedules.list({ limit: 10 })
      assert.deepEqual(
        schedules.map((schedule) => `${schedule.job}/${schedule.name}`),
        ['report/#0'],
      )
      assert.deepEqual(await statesOf(t, [done, waiting, pending, later]), ['succeeded', 'cancelled', 'cancelled', 'cancelled'])
      await assertGatesSound(t)
    }),
    both('a dead owner does not keep a job in use', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'], SHORT_LEASE)
      await addOwner(t, 'b', [])
      assert.deepEqual(await retire(t, 'mail'), ['inUse'])
      await t.pass(LEASE_END)
      assert.deepEqual(await retire(t, 'mail'), ['retired'])
    }),
    both('a retired job that comes back starts afresh', async (t) => {
      const first = await define(t, 'mail', { concurrency: 1 })
      await define(t, 'mail', { hash: 'v2', concurrency: 1, expectedGeneration: first })
      await t.store.schedules.suspend({ targets: [{ job: 'mail', reason: 'x' }], ...t.at() })
      assert.deepEqual(await retire(t, 'mail'), ['retired'])
      await define(t, 'mail', { hash: 'v3' })
      const { jobs } = await t.store.schedules.load({ jobs: ['mail'] })
      assertFields(only(jobs, 'jobs'), { hash: 'v3', superseded: [], concurrency: null, suspended: null, suspendedStretches: [] })
      await addOwner(t, 'a', ['mail'])
      await enqueueMany(t, 'mail', 2, { gates: ['job:mail'] })
      assert.equal((await claimIds(t, 'a')).length, 2)
    }),
    both('waiting runs of a retired job do not block the gate', async (t) => {
      await define(t, 'mail')
      await define(t, 'report')
      await addOwner(t, 'a', ['mail', 'report'])
      await enqueue(t, 'report', { gates: ['mutex:m'] })
      const holder = await claimOne(t, 'a')
      await enqueue(t, 'mail', { gates: ['mutex:m'] })
      assert.deepEqual(await claimIds(t, 'a'), [])
      const behind = await enqueue(t, 'report', { gates: ['mutex:m'] })
      assert.deepEqual(await claimIds(t, 'a'), [])
      await addOwner(t, 'a', ['report'])
      assert.deepEqual(await retire(t, 'mail'), ['retired'])
      await finish(t, holder)
      assert.deepEqual(await claimIds(t, 'a'), [behind])
    }),
  ],
}
