/** Cases: what each reply says of the store's clock and of the next work. */
import assert from 'node:assert/strict'
import { jobGate, mutexGate } from '../../../store/gates.ts'
import type { Tick } from '../../../store/tick.ts'
import { both, given, type CaseGroup } from '../conformance-case.ts'
import { assertInstant } from '../expectations.ts'
import {
  addOwner,
  claim,
  claimAtOnce,
  claimOne,
  enqueue,
  enqueueMany,
  enqueueRequest,
  finish,
  LONG_LEASE,
  renew,
  settlement,
} from '../run-steps.ts'
import { addSchedule, define, firing, getSchedule, quarantine, registration, scheduleWrite, suspend } from '../schedule-steps.ts'
import type { Trial } from '../trial.ts'

type News = Required<Pick<Tick, 'nextDueAt' | 'nextRunAt' | 'nextExpiryAt'>>

/** What an owner knows after one idle round: of each field the newest given. All must have been given. */
async function newsOf(t: Trial, owner: string, leaseMs = t.ms(LONG_LEASE)): Promise<News> {
  const replies: Tick[] = [
    await renew(t, owner, { leaseMs }),
    await t.store.schedules.due({ owner, limit: 10, ...t.at() }),
    await t.store.runs.claim({ ...claimAtOnce(t, owner, { leaseMs }), ...t.at() }),
  ]
  const [nextDueAt, nextRunAt, nextExpiryAt] = (['nextDueAt', 'nextRunAt', 'nextExpiryAt'] as const).map((field) =>
    replies.map((reply) => reply[field]).findLast((value) => value !== undefined),
  )
  assert.ok(
    nextDueAt !== undefined && nextRunAt !== undefined && nextExpiryAt !== undefined,
    'renew, due and claim together tell when to wake',
  )
  return { nextDueAt, nextRunAt, nextExpiryAt }
}

export const tickCases: CaseGroup = {
  name: 'ticks',
  cases: [
    both("replies carry the store's clock", async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const record = await addSchedule(t, 'mail', 'k')
      await enqueue(t, 'mail')
      const run = await claimOne(t, 'a')
      const verbs: Readonly<Record<string, () => Promise<{ readonly storeNow: number }>>> = {
        load: () => t.store.schedules.load({ jobs: ['mail'] }),
        register: async () => t.store.schedules.register({ registrations: [registration('other')], ...t.at() }),
        due: () => t.store.schedules.due({ owner: 'a', limit: 1, ...t.at() }),
        fire: () => t.store.schedules.fire({ firings: [firing(t, record)], ...t.at() }),
        set: async () => t.store.schedules.set({ schedules: [await scheduleWrite(t, 'mail', 'l')], ...t.at() }),
        enqueue: () => t.store.runs.enqueue({ requests: [enqueueRequest(t, 'mail')], ...t.at() }),
        claim: () => t.store.runs.claim({ ...claimAtOnce(t, 'a'), ...t.at() }),
        renew: () => renew(t, 'a'),
        settle: () => t.store.runs.settle({ owner: 'a', settlements: [settlement(run)], ...t.at() }),
        stats: () => t.store.runs.stats({ jobs: ['mail'], ...t.at() }),
      }
      for (const [name, verb] of Object.entries(verbs)) {
        const { value, from, to } = await t.timed(verb)
        // `load` takes no `now`: its clock is the store's own.
        if (name === 'load' && t.at().now !== undefined) assert.equal(typeof value.storeNow, 'number')
        else assert.ok(value.storeNow >= from && value.storeNow <= to, `${name}: storeNow ${value.storeNow} lies in [${from}, ${to}]`)
      }
    }),
    both('with nothing to do there is nothing to wake for', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      assert.deepEqual(await newsOf(t, 'a'), { nextDueAt: null, nextRunAt: null, nextExpiryAt: null })
    }),
    both("nextDueAt is the earliest of the owner's unsuspended schedules", async (t) => {
      await define(t, 'mail')
      await define(t, 'report')
      await define(t, 'stopped')
      await addOwner(t, 'a', ['mail', 'stopped'])
      const now = await t.now()
      const at = (seconds: number): number => now + t.ms(100_000 + seconds * 1_000)
      await addSchedule(t, 'mail', 'late', { asOf: now, nextSlot: at(90) })
      await addSchedule(t, 'mail', 'jittered', { asOf: now, nextSlot: at(50), nextDueAt: at(60) })
      await addSchedule(t, 'mail', 'suspended', { asOf: now, nextSlot: at(10) })
      const bad = await addSchedule(t, 'mail', 'bad', { asOf: now, nextSlot: at(11) })
      await addSchedule(t, 'mail', 'ended', { asOf: now, nextSlot: null, nextDueAt: null })
      await addSchedule(t, 'report', 'other', { asOf: now, nextSlot: at(20) })
      await addSchedule(t, 'stopped', 'k', { asOf: now, nextSlot: at(30) })
      await suspend(t, { job: 'mail', name: 'suspended' }, 'x')
      await suspend(t, { job: 'stopped' }, 'x')
      await quarantine(t, bad)
      assert.equal((await newsOf(t, 'a')).nextDueAt, at(60))
      await suspend(t, { job: 'stopped' }, null)
      assert.equal((await newsOf(t, 'a')).nextDueAt, at(30))
      await t.store.schedules.remove({ schedules: [{ job: 'stopped', name: 'k' }] })
      assert.equal((await newsOf(t, 'a')).nextDueAt, at(60))
    }),
    both('a batch that limit cut short leaves nextDueAt in the past', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      await addSchedule(t, 'mail', 'k')
      await addSchedule(t, 'mail', 'l')
      const { nextDueAt, storeNow } = await t.store.schedules.due({ owner: 'a', limit: 1, ...t.at() })
      assert.ok(nextDueAt !== undefined && nextDueAt !== null && nextDueAt <= storeNow)
    }),
    both('a firing that leaves no due slot moves nextDueAt on', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const record = await addSchedule(t, 'mail', 'k')
      const next = (await t.now()) + t.ms(500_000)
      await t.store.schedules.fire({ firings: [firing(t, record, { nextSlot: next, nextDueAt: next })], ...t.at() })
      assert.equal((await getSchedule(t, record)).nextDueAt, next)
      assert.equal((await newsOf(t, 'a')).nextDueAt, next)
    }),
    both('nextRunAt is the earliest pending run that the owner could claim', async (t) => {
      await define(t, 'mail')
      await define(t, 'report')
      await define(t, 'stopped')
      await addOwner(t, 'a', ['mail', 'stopped'])
      await enqueue(t, 'report', { delayMs: t.ms(50_000) })
      await enqueue(t, 'stopped', { delayMs: t.ms(60_000) })
      await suspend(t, { job: 'stopped' }, 'x')
      assert.equal((await newsOf(t, 'a')).nextRunAt, null)
      const { value: late, ...lateSpan } = await t.timed(() => enqueue(t, 'mail', { delayMs: t.ms(200_000) }))
      const { value: early, ...earlySpan } = await t.timed(() => enqueue(t, 'mail', { delayMs: t.ms(100_000) }))
      assert.notEqual(late, early)
      assertInstant((await newsOf(t, 'a')).nextRunAt, earlySpan, t.ms(100_000))
      await t.store.runs.cancel({ runs: [{ id: early, reason: 'x' }], ...t.at() })
      assertInstant((await newsOf(t, 'a')).nextRunAt, lateSpan, t.ms(200_000))
      await addOwner(t, 'a', ['stopped'])
      assert.equal((await newsOf(t, 'a')).nextRunAt, null, 'what it no longer declares wakes it no more')
    }),
    both('a retry is announced', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      await enqueue(t, 'mail')
      const run = await claimOne(t, 'a')
      const { value, ...span } = await t.timed(() => finish(t, run, { to: 'retry', delayMs: t.ms(100_000) }))
      assert.equal(value, undefined)
      assertInstant((await newsOf(t, 'a')).nextRunAt, span, t.ms(100_000))
    }),
    both('due runs that a claim left over are announced as due', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      await enqueueMany(t, 'mail', 3)
      const reply = await t.store.runs.claim({ ...claimAtOnce(t, 'a', { limit: 2 }), ...t.at() })
      assert.equal(reply.runs.length, 2)
      assert.ok(reply.nextRunAt !== undefined && reply.nextRunAt !== null && reply.nextRunAt <= reply.storeNow)
    }),
    both('runs behind a full gate wake nobody', async (t) => {
      await define(t, 'mail', { concurrency: 1 })
      await addOwner(t, 'a', ['mail'])
      await enqueueMany(t, 'mail', 3, { gates: [jobGate('mail'), mutexGate('m')] })
      await claimOne(t, 'a')
      assert.equal((await newsOf(t, 'a')).nextRunAt, null)
    }),
    both('a spent rate limit is announced with the end of its window', async (t) => {
      await define(t, 'mail', { rateLimit: { max: 1, perMs: t.ms(100_000) } })
      await addOwner(t, 'a', ['mail'])
      await enqueueMany(t, 'mail', 2)
      const { value, ...span } = await t.timed(() => claim(t, 'a'))
      assert.equal(value.length, 1)
      assertInstant((await newsOf(t, 'a')).nextRunAt, span, t.ms(100_000))
    }),
    both('nextExpiryAt is the earliest lease end of another owner that holds something', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      await addOwner(t, 'b', ['mail'], 200_000)
      await addOwner(t, 'c', ['mail'], 100_000)
      await enqueue(t, 'mail')
      assert.equal((await t.store.runs.held({ owner: 'b' })).runs.length, 0)
      const { value, ...span } = await t.timed(() => claimOne(t, 'b', { leaseMs: t.ms(200_000) }))
      assert.equal(value.owner, 'b')
      assertInstant((await newsOf(t, 'a')).nextExpiryAt, span, t.ms(200_000))
      assert.equal((await newsOf(t, 'b', t.ms(200_000))).nextExpiryAt, null, 'its own lease is no news')
      await finish(t, value)
      assert.equal((await newsOf(t, 'a')).nextExpiryAt, null)
    }),
    both('an owner that holds only gates is waited for too', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      await addOwner(t, 'b', ['mail'], 200_000)
      await enqueue(t, 'mail', { gates: [mutexGate('m')] })
      const { value: run, ...span } = await t.timed(() => claimOne(t, 'b', { leaseMs: t.ms(200_000) }))
      await finish(t, run, { to: 'dead', reason: 'x' }, { holdGates: true })
      assertInstant((await newsOf(t, 'a')).nextExpiryAt, span, t.ms(200_000))
    }),
    given('following the ticks alone finds everything in time', async (t) => {
      for (const seed of t.seeds) {
        const random = t.random(seed)
        const job = `mail${seed}`
        await define(t, job)
        await addOwner(t, job, [job])
        const wanted = new Map<string, number>()
        for (let index = 0; index < 20; index++) {
          const delayMs = Math.floor(random() * 30_000)
          wanted.set(await enqueue(t, job, { delayMs }), (await t.now()) + delayMs)
        }
        for (let wakes = 0; wanted.size > 0; wakes++) {
          assert.ok(wakes < 200, 'a bounded number of wakes')
          const reply = await t.store.runs.claim({ ...claimAtOnce(t, job, { limit: 5 }), ...t.at() })
          const now = await t.now()
          for (const { record } of reply.runs) {
            assert.equal(now, wanted.get(record.id), 'a run is claimed when it is due')
            wanted.delete(record.id)
            await finish(t, record)
          }
          if (wanted.size === 0) break
          assert.ok(typeof reply.nextRunAt === 'number', 'there is a next run')
          if (reply.nextRunAt > now) await t.pass(reply.nextRunAt - now)
        }
      }
    }),
  ],
}
