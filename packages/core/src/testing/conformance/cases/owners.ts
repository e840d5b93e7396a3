/** Cases: processes, their leases, and what becomes of the work of a dead one. */
import assert from 'node:assert/strict'
import { both, given, type CaseGroup } from '../conformance-case.ts'
import { assertFields, assertInstant, only, present } from '../expectations.ts'
import {
  addOwner,
  claim,
  claimAtOnce,
  claimIds,
  claimOne,
  enqueue,
  enqueueMany,
  finish,
  getRun,
  LEASE_END,
  LONG_LEASE,
  renew,
  settle,
  SHORT_LEASE,
  shortLease,
} from '../run-steps.ts'
import { define, dueNames } from '../schedule-steps.ts'
import type { Trial } from '../trial.ts'

/** Owner `a` on a short lease and `b` on a long one; both know `mail`. */
async function twoOwners(t: Trial): Promise<void> {
  await define(t, 'mail')
  await addOwner(t, 'a', ['mail'], SHORT_LEASE)
  await addOwner(t, 'b', ['mail'])
}

export const ownerCases: CaseGroup = {
  name: 'owners',
  cases: [
    both('a renewal creates the owner and says how much it holds', async (t) => {
      await define(t, 'mail')
      assertFields(await renew(t, 'a', { jobs: [{ job: 'mail', hash: 'v1' }] }), { status: 'live', held: 0, cancels: [], expired: [] })
      await enqueueMany(t, 'mail', 2)
      await claim(t, 'a')
      assertFields(await renew(t, 'a'), { status: 'live', held: 2, cancels: [], expired: [] })
      assert.equal((await t.store.runs.stats({ jobs: ['mail'], ...t.at() })).owners, 1)
    }),
    both('what an expired owner left is taken over', async (t) => {
      await twoOwners(t)
      const id = await enqueue(t, 'mail')
      const first = await claimOne(t, 'a', shortLease(t))
      assert.deepEqual(await claimIds(t, 'b'), [])
      await t.pass(LEASE_END)
      const second = await claimOne(t, 'b')
      assertFields(second, { id, owner: 'b', attempt: 2, failures: 0, crashes: 0, suspect: true })
      assert.ok(second.fence > first.fence, 'the new owner has a larger fence')
      const abandoned = only(second.attempts, 'attempts')
      assertFields(abandoned, {
        number: 1,
        outcome: 'abandoned',
        owner: 'a',
        fence: first.fence,
        startedAt: present(first.startedAt, 'start'),
      })
      assert.deepEqual((await t.store.runs.held({ owner: 'a' })).runs, [])
      assert.deepEqual((await t.store.runs.held({ owner: 'b' })).runs, [second])
    }),
    both('a renewal takes over too, and says from whom', async (t) => {
      await twoOwners(t)
      const ids = await enqueueMany(t, 'mail', 3)
      assert.equal((await claim(t, 'a', shortLease(t))).length, 3)
      assert.deepEqual((await renew(t, 'b')).expired, [])
      await t.pass(LEASE_END)
      assert.deepEqual((await renew(t, 'b')).expired, [{ owner: 'a', runs: 3 }])
      const { runs } = await t.store.runs.get({ ids })
      for (const run of runs) assertFields(present(run, 'run'), { state: 'pending', owner: null, suspect: true, failures: 0 })
      assert.deepEqual((await renew(t, 'b')).expired, [], 'told once')
    }),
    both('a renewed lease lasts on', async (t) => {
      await twoOwners(t)
      await enqueue(t, 'mail')
      const run = await claimOne(t, 'a', shortLease(t))
      for (let round = 0; round < 3; round++) {
        await t.pass(2_000)
        assert.equal((await renew(t, 'a', shortLease(t))).status, 'live')
      }
      assert.deepEqual(await claimIds(t, 'b'), [])
      await finish(t, run)
      assert.equal((await getRun(t, run.id)).state, 'succeeded')
    }),
    both('idleMs prolongs the lease of an owner that holds nothing, and of no other', async (t) => {
      await twoOwners(t)
      const idle = { ...shortLease(t), idleMs: t.ms(LONG_LEASE) }
      assert.equal((await renew(t, 'a', idle)).status, 'live')
      await t.pass(LEASE_END)
      assert.deepEqual((await renew(t, 'b')).expired, [], 'an idle owner lives on')
      await enqueue(t, 'mail', { gates: ['mutex:m'] })
      await claimOne(t, 'a', shortLease(t))
      await renew(t, 'a', idle)
      await t.pass(LEASE_END)
      assert.deepEqual((await renew(t, 'b')).expired, [{ owner: 'a', runs: 1 }], 'one with a run does not')
    }),
    both('idleMs prolongs no lease of an owner that holds gates', async (t) => {
      await twoOwners(t)
      await enqueue(t, 'mail', { gates: ['mutex:m'] })
      await finish(t, await claimOne(t, 'a', shortLease(t)), { to: 'dead', reason: 'x' }, { holdGates: true })
      await renew(t, 'a', { ...shortLease(t), idleMs: t.ms(LONG_LEASE) })
      await t.pass(LEASE_END)
      assert.deepEqual((await renew(t, 'b')).expired, [{ owner: 'a', runs: 0 }])
    }),
    both('a claim ends what idleMs added', async (t) => {
      await twoOwners(t)
      await renew(t, 'a', { ...shortLease(t), idleMs: t.ms(LONG_LEASE) })
      await enqueue(t, 'mail')
      assert.equal((await claim(t, 'a', shortLease(t))).length, 1)
      await t.pass(LEASE_END)
      assert.equal((await claim(t, 'b')).length, 1)
    }),
    both('a claim renews the lease', async (t) => {
      await twoOwners(t)
      await enqueue(t, 'mail')
      await claimOne(t, 'a', shortLease(t))
      await t.pass(2_000)
      await claim(t, 'a', shortLease(t))
      await t.pass(2_000)
      assert.deepEqual((await renew(t, 'b')).expired, [])
      assert.deepEqual(await claimIds(t, 'b'), [])
    }),
    both('a dead owner is never revived', async (t) => {
      await twoOwners(t)
      await enqueue(t, 'mail')
      const late = await claimOne(t, 'a', shortLease(t))
      await t.pass(LEASE_END)
      await renew(t, 'b')
      for (let round = 0; round < 2; round++) {
        assertFields(await renew(t, 'a', { jobs: [{ job: 'mail', hash: 'v1' }] }), { status: 'dead' })
        assertFields(await t.store.runs.claim({ ...claimAtOnce(t, 'a'), ...t.at() }), { status: 'dead', runs: [] })
      }
      assert.deepEqual(await dueNames(t, 'a'), [])
      assert.equal((await settle(t, late)).status, 'stale')
      assertFields(await getRun(t, late.id), { state: 'pending' })
      assert.equal((await renew(t, 'a2', { jobs: [{ job: 'mail', hash: 'v1' }] })).status, 'live', 'a new id starts afresh')
    }),
    both('of owners that take over at the same time one reports it', async (t) => {
      await twoOwners(t)
      await enqueueMany(t, 'mail', 2)
      await claim(t, 'a', shortLease(t))
      for (const owner of ['c', 'd', 'e']) await addOwner(t, owner, ['mail'])
      await t.pass(LEASE_END)
      const expired = (await Promise.all(['b', 'c', 'd', 'e'].map((owner) => renew(t, owner)))).flatMap((reply) => reply.expired)
      assert.deepEqual(expired, [{ owner: 'a', runs: 2 }])
    }),
    both('a clean leave gives runs back without burning an attempt', async (t) => {
      await twoOwners(t)
      const now = await t.now()
      const id = await enqueue(t, 'mail', { runAt: now - 5 })
      const first = await claimOne(t, 'a')
      assert.deepEqual(await t.store.runs.leave({ owner: 'a', ...t.at() }), { released: 1 })
      assertFields(await getRun(t, id), {
        state: 'pending',
        owner: null,
        runAt: now - 5,
        failures: 0,
        crashes: 0,
        suspect: false,
        startedAt: null,
      })
      const second = await claimOne(t, 'b')
      assertFields(second, { id, attempt: 1, suspect: false })
      assert.ok(second.fence > first.fence, 'the new owner has a larger fence')
      assert.equal((await settle(t, first)).status, 'stale')
      assert.deepEqual(await t.store.runs.leave({ owner: 'a', ...t.at() }), { released: 0 })
    }),
    both('an owner that left does not count any more', async (t) => {
      await twoOwners(t)
      assert.equal((await t.store.runs.stats({ jobs: ['mail'], ...t.at() })).owners, 2)
      await t.store.runs.leave({ owner: 'b', ...t.at() })
      const stats = await t.store.runs.stats({ jobs: ['mail'], ...t.at() })
      assert.equal(stats.owners, 1)
      assert.equal(only(stats.jobs, 'stats').capableOwners, 1)
    }),
    both('an owner that left does not come back with a renewal that arrives late, known or not', async (t) => {
      await twoOwners(t)
      for (const owner of ['b', 'unknown']) {
        await t.store.runs.leave({ owner, ...t.at() })
        assertFields(await renew(t, owner, { jobs: [{ job: 'mail', hash: 'v1' }] }), { status: 'dead' })
      }
      assert.equal((await t.store.runs.stats({ jobs: ['mail'], ...t.at() })).owners, 1)
    }),
    both('prefetched runs that never started count no attempt and no crash', async (t) => {
      await twoOwners(t)
      const ids = await enqueueMany(t, 'mail', 3)
      assert.equal((await claim(t, 'a', { ...shortLease(t), limit: 3, start: 0 })).length, 3)
      await t.pass(LEASE_END)
      await renew(t, 'b')
      const { runs } = await t.store.runs.get({ ids })
      for (const run of runs)
        assertFields(present(run, 'run'), { state: 'pending', attempt: 0, failures: 0, crashes: 0, suspect: false, attempts: [] })
      assert.equal((await claim(t, 'b', { limit: 3 })).length, 3, 'nor are they suspects')
    }),
    both('a start reported with a renewal makes it an attempt', async (t) => {
      await twoOwners(t)
      const [started, idle] = await enqueueMany(t, 'mail', 2)
      const runs = (await claim(t, 'a', { ...shortLease(t), start: 0 })).map((claimed) => claimed.record)
      const run = present(
        runs.find((found) => found.id === started),
        'claimed run',
      )
      await renew(t, 'a', { ...shortLease(t), started: [{ runId: run.id, fence: run.fence }] })
      await t.pass(LEASE_END)
      await renew(t, 'b')
      const abandoned = await getRun(t, started ?? '')
      assertFields(abandoned, { attempt: 1, suspect: true })
      assert.deepEqual(
        abandoned.attempts.map((attempt) => attempt.outcome),
        ['abandoned'],
      )
      assertFields(await getRun(t, idle ?? ''), { attempt: 0, attempts: [] })
    }),
    both('a start is reported once: repeating it changes nothing', async (t) => {
      await twoOwners(t)
      const id = await enqueue(t, 'mail')
      const { fence } = only(await claim(t, 'b', { start: 0 }), 'claimed runs').record
      const { value, ...span } = await t.timed(() => renew(t, 'b', { started: [{ runId: id, fence }] }))
      assert.equal(value.status, 'live')
      const started = await getRun(t, id)
      assertInstant(started.startedAt, span)
      await t.pass(1_000)
      await renew(t, 'b', { started: [{ runId: id, fence }] })
      assert.deepEqual(await getRun(t, id), started)
      await renew(t, 'a', { started: [{ runId: id, fence: fence - 1 }] })
      assert.deepEqual(await getRun(t, id), started)
    }),
    both('progress comes with the renewal, fenced', async (t) => {
      await twoOwners(t)
      await enqueue(t, 'mail')
      const run = await claimOne(t, 'b')
      await renew(t, 'b', { progress: [{ runId: run.id, fence: run.fence, progress: '{"done":3}' }] })
      assert.equal((await getRun(t, run.id)).progress, '{"done":3}')
      await renew(t, 'b', { progress: [{ runId: run.id, fence: run.fence - 1, progress: '{"done":1}' }] })
      assert.equal((await getRun(t, run.id)).progress, '{"done":3}')
    }),
    both('held tells what an owner has leased', async (t) => {
      await twoOwners(t)
      await enqueueMany(t, 'mail', 3)
      const mine = await claimIds(t, 'b', { limit: 2 })
      assert.deepEqual((await t.store.runs.held({ owner: 'b' })).runs.map((run) => run.id).sort(), [...mine].sort())
      assert.deepEqual((await t.store.runs.held({ owner: 'a' })).runs, [])
      assert.deepEqual((await t.store.runs.held({ owner: 'nobody' })).runs, [])
    }),
    given("a lease ends by the store's time alone, however many claims pass", async (t) => {
      await twoOwners(t)
      await enqueue(t, 'mail')
      const run = await claimOne(t, 'a', shortLease(t))
      for (let round = 0; round < 20; round++) {
        await t.pass(100)
        assert.deepEqual(await claimIds(t, 'b'), [])
      }
      await t.pass(SHORT_LEASE)
      assert.deepEqual(await claimIds(t, 'b'), [run.id])
    }),
  ],
}
