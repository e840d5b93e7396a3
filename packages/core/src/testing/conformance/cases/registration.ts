/** Cases: definitions of jobs, their generations, and who may change them. */
import assert from 'node:assert/strict'
import { jobGate } from '../../../store/gates.ts'
import type { JobRecord } from '../../../store/records.ts'
import { both, given, type CaseGroup } from '../conformance-case.ts'
import { assertFields, assertGatesSound, present } from '../expectations.ts'
import { addOwner, claimIds, claimOne, enqueue, finish, getRun, LEASE_END, LONG_LEASE, renew, SHORT_LEASE, trigger } from '../run-steps.ts'
import { addSchedule, define, dueNames, fireNext, getSchedule, register, registration, scheduleWrite, suspend } from '../schedule-steps.ts'
import type { Trial } from '../trial.ts'

async function loadJob(t: Trial, job: string): Promise<JobRecord | undefined> {
  return (await t.store.schedules.load({ jobs: [job] })).jobs.find((found) => found.job === job)
}

async function knownJob(t: Trial, job: string): Promise<JobRecord> {
  return present(await loadJob(t, job), `job ${job}`)
}

export const registrationCases: CaseGroup = {
  name: 'registration',
  cases: [
    both('a new job is kept as it was written', async (t) => {
      const write = await scheduleWrite(t, 'mail', '#0')
      const generation = await define(t, 'mail', { concurrency: 3, rateLimit: { max: 5, perMs: 60_000 }, schedules: [write] })
      assert.ok(generation > 0, 'a registered job has a generation above 0')
      assertFields(await knownJob(t, 'mail'), {
        job: 'mail',
        generation,
        hash: 'v1',
        superseded: [],
        declared: [],
        concurrency: 3,
        rateLimit: { max: 5, perMs: 60_000 },
        suspended: null,
        suspendedStretches: [],
      })
      const { schedules } = await t.store.schedules.load({ jobs: ['mail'] })
      assert.deepEqual(
        schedules.map((schedule) => schedule.name),
        ['#0'],
      )
      assertFields(await getSchedule(t, write), {
        key: '',
        incarnation: write.incarnation,
        generation: 1,
        spec: write.spec,
        payload: null,
        cursor: write.asOf,
        nextSlot: write.nextSlot,
        nextDueAt: write.nextDueAt,
        suspended: null,
        suspendedStretches: [],
        slots: 0,
        folded: {},
        horizon: null,
        history: [],
        quarantined: null,
      })
    }),
    both('the same definition again changes nothing', async (t) => {
      const write = await scheduleWrite(t, 'mail', '#0')
      const generation = await define(t, 'mail', { schedules: [write] })
      const before = await getSchedule(t, write)
      assert.equal(
        await define(t, 'mail', {
          expectedGeneration: generation,
          schedules: [{ ...write, asOf: await t.now(), incarnation: t.nextId() }],
        }),
        generation,
      )
      assert.deepEqual(await getSchedule(t, write), before)
      assertFields(await knownJob(t, 'mail'), { generation, hash: 'v1', superseded: [] })
    }),
    both('a changed definition raises the generation and keeps the old hash', async (t) => {
      const first = await define(t, 'mail', { hash: 'v1', concurrency: 1 })
      const second = await define(t, 'mail', { hash: 'v2', concurrency: 2, expectedGeneration: first })
      assert.ok(second > first, `generation ${second} should be above ${first}`)
      assertFields(await knownJob(t, 'mail'), { generation: second, hash: 'v2', superseded: ['v1'], concurrency: 2 })
    }),
    both('a registration that expects an old generation is stale and writes nothing', async (t) => {
      const first = await define(t, 'mail', { hash: 'v1' })
      const second = await define(t, 'mail', { hash: 'v2', expectedGeneration: first })
      const before = await knownJob(t, 'mail')
      const late = registration('mail', {
        hash: 'v3',
        expectedGeneration: first,
        concurrency: 7,
        schedules: [await scheduleWrite(t, 'mail', '#0')],
      })
      assert.deepEqual(await register(t, late), [{ status: 'stale', generation: second }])
      assert.deepEqual(await knownJob(t, 'mail'), before)
      assert.deepEqual((await t.store.schedules.load({ jobs: ['mail'] })).schedules, [])
    }),
    both('a registration as new is stale when the job is known', async (t) => {
      await define(t, 'mail', { hash: 'v1' })
      assert.equal((await register(t, registration('mail', { hash: 'v2' })))[0]?.status, 'stale')
      assertFields(await knownJob(t, 'mail'), { hash: 'v1' })
    }),
    both('of registrations at the same time one wins', async (t) => {
      const attempts = Array.from({ length: 8 }, (_, index) => register(t, registration('mail', { hash: `v${index}` })))
      const replies = (await Promise.all(attempts)).flat()
      assert.equal(replies.filter((reply) => reply.status === 'registered').length, 1)
      assert.equal(replies.filter((reply) => reply.status === 'stale').length, 7)
      const winner = replies.findIndex((reply) => reply.status === 'registered')
      assertFields(await knownJob(t, 'mail'), { hash: `v${winner}`, superseded: [] })
    }),
    both('each registration of a batch stands by itself', async (t) => {
      const generation = await define(t, 'mail')
      const replies = await register(
        t,
        registration('mail', { hash: 'v2', expectedGeneration: generation + 7 }),
        registration('report'),
        registration('mail', { hash: 'v3', expectedGeneration: generation }),
      )
      assert.deepEqual(
        replies.map((reply) => reply.status),
        ['stale', 'registered', 'registered'],
      )
      assertFields(await knownJob(t, 'mail'), { hash: 'v3' })
      assert.notEqual(await loadJob(t, 'report'), undefined)
    }),
    given('the newest 50 superseded hashes are kept, oldest first', async (t) => {
      let generation = 0
      for (let version = 0; version <= 60; version++)
        generation = await define(t, 'mail', { hash: `v${version}`, expectedGeneration: generation })
      const { superseded } = await knownJob(t, 'mail')
      assert.deepEqual(
        superseded,
        Array.from({ length: 50 }, (_, index) => `v${index + 10}`),
      )
    }),
    both('what live owners declare is loaded, and ends with their lease', async (t) => {
      await define(t, 'mail')
      await renew(t, 'a', { jobs: [{ job: 'mail', hash: 'v1' }], leaseMs: t.ms(LONG_LEASE) })
      await renew(t, 'b', { jobs: [{ job: 'mail', hash: 'v2' }], leaseMs: t.ms(SHORT_LEASE) })
      await renew(t, 'c', { jobs: [{ job: 'other', hash: 'v9' }], leaseMs: t.ms(LONG_LEASE) })
      assert.deepEqual([...(await knownJob(t, 'mail')).declared].sort(), ['v1', 'v2'])
      await t.pass(LEASE_END)
      // `load` takes no instant: a store may follow the last one it was given.
      if (t.at().now !== undefined) await renew(t, 'a')
      assert.deepEqual((await knownJob(t, 'mail')).declared, ['v1'])
      await t.store.runs.leave({ owner: 'a', ...t.at() })
      assert.deepEqual((await knownJob(t, 'mail')).declared, [])
    }),
    both('load leaves out unknown jobs and dynamic schedules', async (t) => {
      await define(t, 'mail', { schedules: [await scheduleWrite(t, 'mail', '#0')] })
      await define(t, 'report', { schedules: [await scheduleWrite(t, 'report', '#0')] })
      await addSchedule(t, 'mail', 'tenant-1')
      const loaded = await t.store.schedules.load({ jobs: ['mail', 'nobody'] })
      assert.deepEqual(
        loaded.jobs.map((job) => job.job),
        ['mail'],
      )
      assert.deepEqual(
        loaded.schedules.map((schedule) => `${schedule.job}/${schedule.name}`),
        ['mail/#0'],
      )
    }),
    both('a suspension outlives a new definition', async (t) => {
      const generation = await define(t, 'mail', { hash: 'v1' })
      assert.equal(await suspend(t, { job: 'mail' }, 'provider is down'), true)
      await define(t, 'mail', { hash: 'v2', expectedGeneration: generation })
      assert.equal((await knownJob(t, 'mail')).suspended?.reason, 'provider is down')
    }),
    both('renamedFrom moves record, schedules and runs', async (t) => {
      const write = await scheduleWrite(t, 'old', '#0')
      const generation = await define(t, 'old', { schedules: [write] })
      const dynamic = await addSchedule(t, 'old', 'tenant-1')
      const slotRun = await fireNext(t, write)
      const manual = await enqueue(t, 'old')
      const before = await getSchedule(t, write)
      await define(t, 'new', { renamedFrom: 'old', schedules: [{ ...write, job: 'new', incarnation: t.nextId(), asOf: await t.now() }] })
      assert.equal(await loadJob(t, 'old'), undefined)
      assert.ok((await knownJob(t, 'new')).generation >= generation, 'the generation goes on')
      assert.deepEqual(await getSchedule(t, { job: 'new', name: '#0' }), { ...before, job: 'new' })
      assert.deepEqual(await getSchedule(t, { job: 'new', name: 'tenant-1' }), { ...dynamic, job: 'new' })
      assert.equal((await getRun(t, manual)).job, 'new')
      assert.equal((await getRun(t, slotRun.id)).job, 'new')
      assert.equal((await t.store.runs.find({ job: 'new', limit: 10 })).runs.length, 2)
      assert.equal((await t.store.runs.find({ job: 'old', limit: 10 })).runs.length, 0)
    }),
    both('a renamed job goes on under its new name', async (t) => {
      const write = await scheduleWrite(t, 'old', '#0')
      await define(t, 'old', { concurrency: 1, schedules: [write] })
      await addOwner(t, 'a', ['old'])
      await enqueue(t, 'old', { key: 'k', gates: [jobGate('old')] })
      const running = await claimOne(t, 'a')
      const waiting = await enqueue(t, 'old', { key: 'k', gates: [jobGate('old')] })
      assert.deepEqual(await claimIds(t, 'a'), [])
      const debounce = { waitMs: t.ms(600_000), maxWaitMs: null, leading: false, trailing: true, merge: 'last' } as const
      const open = await enqueue(t, 'old', { key: 'd', debounce })
      const renamed = { ...write, job: 'new', asOf: await t.now() }
      await define(t, 'new', { renamedFrom: 'old', concurrency: 1, schedules: [renamed] })
      await addOwner(t, 'b', ['new'])
      assert.deepEqual(await dueNames(t, 'b'), ['new/#0'])
      assertFields(await trigger(t, 'new', { key: 'd', debounce }), { outcome: 'coalesced', id: open })
      const { jobs } = await t.store.runs.stats({ jobs: ['new'], ...t.at() })
      assert.deepEqual(
        jobs.map((stats) => [stats.running, stats.pending + stats.waiting, stats.schedules]),
        [[1, 2, 1]],
      )
      const later = await enqueue(t, 'new', { key: 'k', gates: [jobGate('new')] })
      assert.deepEqual(await claimIds(t, 'b'), [], 'what ran under the old name still counts')
      await finish(t, running)
      const next = await claimOne(t, 'b')
      assert.equal(next.id, waiting)
      await finish(t, next)
      assert.equal((await claimOne(t, 'b')).id, later)
      await assertGatesSound(t)
    }),
    both('renamedFrom does nothing when the new name is known', async (t) => {
      await define(t, 'old')
      const run = await enqueue(t, 'old')
      const generation = await define(t, 'new')
      await define(t, 'new', { hash: 'v2', renamedFrom: 'old', expectedGeneration: generation })
      assert.notEqual(await loadJob(t, 'old'), undefined)
      assert.equal((await getRun(t, run)).job, 'old')
    }),
    both('an owner that declares a job keeps it from nobody', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const { generation } = await knownJob(t, 'mail')
      await define(t, 'mail', { hash: 'v2', expectedGeneration: generation })
      assertFields(await knownJob(t, 'mail'), { hash: 'v2', declared: ['v1'] })
    }),
  ],
}
