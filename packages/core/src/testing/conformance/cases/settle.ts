/** Cases: an attempt's outcome is recorded once, by its owner, with everything that belongs to it. */
import assert from 'node:assert/strict'
import { mutexGate } from '../../../store/gates.ts'
import { both, type CaseGroup } from '../conformance-case.ts'
import { assertFields, assertGatesSound, assertInstant, only, present } from '../expectations.ts'
import {
  addOwner,
  claim,
  claimIds,
  claimOne,
  claimRecords,
  enqueue,
  enqueueMany,
  enqueueRequest,
  finish,
  getRun,
  heldAt,
  LEASE_END,
  settle,
  settlement,
  SHORT_LEASE,
  shortLease,
  statesOf,
  SUCCESS,
} from '../run-steps.ts'
import { define } from '../schedule-steps.ts'
import type { Trial } from '../trial.ts'

const ERROR = { name: 'Error', message: 'it broke' }

async function mailJob(t: Trial): Promise<void> {
  await define(t, 'mail')
  await addOwner(t, 'a', ['mail'])
}

export const settleCases: CaseGroup = {
  name: 'settle',
  cases: [
    both('succeeded keeps result, progress and the attempt', async (t) => {
      await mailJob(t)
      await enqueue(t, 'mail')
      const run = await claimOne(t, 'a')
      await t.pass(100)
      const { value, ...span } = await t.timed(() => settle(t, run, { to: 'succeeded', result: '{"sent":2}' }, { progress: '"done"' }))
      assert.equal(value.status, 'settled')
      const after = await getRun(t, run.id)
      assertFields(after, {
        state: 'succeeded',
        result: '{"sent":2}',
        progress: '"done"',
        error: null,
        owner: null,
        failures: 0,
        attempt: 1,
        fence: run.fence,
      })
      assertInstant(after.finishedAt, span)
      const attempt = only(after.attempts, 'attempts')
      assertFields(attempt, {
        number: 1,
        outcome: 'succeeded',
        owner: 'a',
        fence: run.fence,
        startedAt: present(run.startedAt, 'start'),
        error: null,
      })
      assertInstant(attempt.finishedAt, span)
      assert.deepEqual((await t.store.runs.held({ owner: 'a' })).runs, [])
    }),
    both('retry sets the run back to pending after the delay and counts the failure', async (t) => {
      await mailJob(t)
      const id = await enqueue(t, 'mail')
      const run = await claimOne(t, 'a')
      const { value, ...span } = await t.timed(() => settle(t, run, { to: 'retry', delayMs: t.ms(3_000) }, { error: ERROR }))
      assert.equal(value.status, 'settled')
      const after = await getRun(t, id)
      assertFields(after, { state: 'pending', failures: 1, attempt: 1, owner: null, error: ERROR, crashes: 0 })
      assertInstant(after.runAt, span, t.ms(3_000))
      assertFields(only(after.attempts, 'attempts'), { outcome: 'failed', error: ERROR })
      assert.deepEqual(await claimIds(t, 'a'), [])
      await t.pass(3_001)
      assertFields(await claimOne(t, 'a'), { id, attempt: 2, failures: 1 })
    }),
    both('a timeout counts as a failure', async (t) => {
      await mailJob(t)
      const id = await enqueue(t, 'mail')
      await finish(t, await claimOne(t, 'a'), { to: 'retry', delayMs: 0 }, { outcome: 'timedOut', error: ERROR })
      const after = await getRun(t, id)
      assertFields(after, { failures: 1 })
      assertFields(only(after.attempts, 'attempts'), { outcome: 'timedOut' })
    }),
    both('a prefetched run is recorded with the start that its process tells', async (t) => {
      await mailJob(t)
      const id = await enqueue(t, 'mail')
      const [prefetched] = await claim(t, 'a', { start: 0 })
      const run = present(prefetched, 'claimed run').record
      await t.pass(1_000)
      const startedAt = await t.now()
      await t.pass(1_000)
      await finish(t, run, SUCCESS, { startedAt })
      const after = await getRun(t, id)
      assertFields(after, { state: 'succeeded', attempt: 1, startedAt })
      assertFields(only(after.attempts, 'attempts'), { number: 1, startedAt })
    }),
    both('dead, cancelled and skipped end the run with their reason', async (t) => {
      await mailJob(t)
      for (const then of [
        { to: 'dead', reason: 'three attempts failed' },
        { to: 'cancelled', reason: 'on request' },
        { to: 'skipped', reason: 'handler: nothing to do' },
      ] as const) {
        const id = await enqueue(t, 'mail')
        const run = await claimOne(t, 'a')
        const { value, ...span } = await t.timed(() => settle(t, run, then, { error: then.to === 'dead' ? ERROR : null }))
        assert.equal(value.status, 'settled')
        const after = await getRun(t, id)
        assertFields(after, { state: then.to, reason: then.reason, owner: null, error: then.to === 'dead' ? ERROR : null })
        assertInstant(after.finishedAt, span)
        assert.deepEqual(await claimIds(t, 'a'), [])
      }
    }),
    both('released gives the run back at its old runAt and counts nothing', async (t) => {
      await mailJob(t)
      const runAt = (await t.now()) - 5
      const id = await enqueue(t, 'mail', { runAt })
      const given = { state: 'pending', runAt, failures: 0, crashes: 0, suspect: false, owner: null, attempt: 0, startedAt: null } as const
      const prefetched = await claim(t, 'a', { start: 0 })
      await finish(t, only(prefetched, 'claimed runs').record, { to: 'released' }, { startedAt: null })
      assertFields(await getRun(t, id), given)
      await finish(t, await claimOne(t, 'a'), { to: 'released' })
      assertFields(await getRun(t, id), given)
      assertFields(await claimOne(t, 'a'), { id, attempt: 1 })
    }),
    both('a stale fence is refused and changes nothing', async (t) => {
      await mailJob(t)
      await addOwner(t, 'b', ['mail'])
      await addOwner(t, 'c', ['mail'], SHORT_LEASE)
      await enqueue(t, 'mail')
      const late = await claimOne(t, 'c', shortLease(t))
      await t.pass(LEASE_END)
      const current = await claimOne(t, 'b')
      assert.equal(current.id, late.id)
      for (const then of [SUCCESS, { to: 'dead', reason: 'x' }, { to: 'retry', delayMs: 0 }, { to: 'released' }] as const) {
        assert.equal((await settle(t, late, then)).status, 'stale')
      }
      assert.deepEqual(await getRun(t, current.id), current)
      await finish(t, current)
      assert.equal((await settle(t, late)).status, 'stale', 'nor after the end')
      assert.equal((await getRun(t, current.id)).attempts.length, 2)
    }),
    both('the same settlement twice is settled twice, and counted once', async (t) => {
      await mailJob(t)
      for (const then of [SUCCESS, { to: 'retry', delayMs: t.ms(600_000) }, { to: 'dead', reason: 'x' }] as const) {
        await enqueue(t, 'mail', { gates: [mutexGate('m')] })
        const run = await claimOne(t, 'a')
        const first = await settle(t, run, then, { error: ERROR })
        assert.equal(first.status, 'settled')
        const after = await getRun(t, run.id)
        assert.deepEqual(await settle(t, run, then, { error: ERROR }), first)
        assert.deepEqual(await getRun(t, run.id), after)
        assert.equal(await heldAt(t, mutexGate('m')), 0)
      }
      await assertGatesSound(t)
    }),
    both('a repeated settlement frees no gate that another run took', async (t) => {
      await mailJob(t)
      await enqueueMany(t, 'mail', 3, { gates: [mutexGate('m')] })
      const first = await claimOne(t, 'a')
      await finish(t, first)
      await claimOne(t, 'a')
      await settle(t, first)
      assert.equal(await heldAt(t, mutexGate('m')), 1)
      assert.deepEqual(await claimIds(t, 'a'), [])
    }),
    both('a settlement that was superseded by a new claim is stale when repeated', async (t) => {
      await mailJob(t)
      await enqueue(t, 'mail')
      const first = await claimOne(t, 'a')
      await finish(t, first, { to: 'retry', delayMs: 0 })
      const second = await claimOne(t, 'a')
      assert.equal((await settle(t, first, { to: 'retry', delayMs: 0 })).status, 'stale')
      assert.deepEqual(await getRun(t, first.id), second)
    }),
    both('a second, different outcome changes nothing', async (t) => {
      await mailJob(t)
      await enqueue(t, 'mail')
      const run = await claimOne(t, 'a')
      await finish(t, run, { to: 'succeeded', result: '1' })
      const after = await getRun(t, run.id)
      await settle(t, run, { to: 'dead', reason: 'too late' })
      assert.deepEqual(await getRun(t, run.id), after)
    }),
    both('settlements of one call have results of their own', async (t) => {
      await mailJob(t)
      const ids = await enqueueMany(t, 'mail', 3)
      const runs = await claimRecords(t, 'a')
      assert.deepEqual(runs.map((run) => run.id).sort(), [...ids].sort())
      const [first, second, third] = [present(runs[0], 'run'), present(runs[1], 'run'), present(runs[2], 'run')]
      const { replies } = await t.store.runs.settle({
        owner: 'a',
        settlements: [
          settlement(first),
          settlement(second, SUCCESS, { fence: second.fence - 1 }),
          settlement({ ...third, id: t.nextId() }),
          settlement(third, { to: 'dead', reason: 'x' }),
        ],
        ...t.at(),
      })
      assert.deepEqual(
        replies.map((reply) => reply.status),
        ['settled', 'stale', 'stale', 'settled'],
      )
      assert.deepEqual(await statesOf(t, [first.id, second.id, third.id]), ['succeeded', 'running', 'dead'])
    }),
    both('of settlements at the same time all agree, and one is written', async (t) => {
      await mailJob(t)
      await enqueue(t, 'mail')
      const run = await claimOne(t, 'a')
      const replies = await Promise.all(Array.from({ length: 6 }, () => settle(t, run)))
      assert.deepEqual([...new Set(replies.map((reply) => reply.status))], ['settled'])
      assert.equal((await getRun(t, run.id)).attempts.length, 1)
    }),
    both('runs after a success are made in the same write, once', async (t) => {
      await mailJob(t)
      await define(t, 'next')
      await enqueue(t, 'mail')
      const run = await claimOne(t, 'a')
      const follow = enqueueRequest(t, 'next', { trigger: 'after', payload: '1' })
      await finish(t, run, SUCCESS, { enqueue: [follow] })
      assertFields(await getRun(t, follow.id), { job: 'next', state: 'pending', trigger: 'after', payload: '1' })
      const again = enqueueRequest(t, 'next', { trigger: 'after' })
      await finish(t, run, SUCCESS, { enqueue: [again] })
      assert.equal((await t.store.runs.find({ job: 'next', limit: 10 })).runs.length, 1)
    }),
    both('no run follows a failure or a stale settlement', async (t) => {
      await mailJob(t)
      await define(t, 'next')
      await enqueueMany(t, 'mail', 2)
      const [first, second] = (await claim(t, 'a')).map((claimed) => claimed.record)
      const enqueueAfter = { enqueue: [enqueueRequest(t, 'next', { trigger: 'after' })] }
      await finish(t, present(first, 'run'), { to: 'dead', reason: 'x' }, enqueueAfter)
      const stale = { ...present(second, 'run'), fence: present(second, 'run').fence - 1 }
      assert.equal((await settle(t, stale, SUCCESS, enqueueAfter)).status, 'stale')
      assert.equal((await t.store.runs.find({ job: 'next', limit: 10 })).runs.length, 0)
    }),
    both('dead runs in a row are counted per job, until a success', async (t) => {
      await mailJob(t)
      await define(t, 'report')
      await addOwner(t, 'a', ['mail', 'report'])
      const counts: number[] = []
      for (const [job, then] of [
        ['mail', { to: 'dead', reason: 'x' }],
        ['report', { to: 'dead', reason: 'x' }],
        ['mail', { to: 'dead', reason: 'x' }],
        ['mail', SUCCESS],
        ['mail', { to: 'dead', reason: 'x' }],
      ] as const) {
        await enqueue(t, job)
        counts.push((await settle(t, await claimOne(t, 'a'), then)).failuresInARow)
      }
      assert.deepEqual(counts, [1, 1, 2, 0, 1])
    }),
    both('the newest 20 attempts are kept', async (t) => {
      await mailJob(t)
      const id = await enqueue(t, 'mail')
      for (let round = 0; round < 23; round++) await finish(t, await claimOne(t, 'a'), { to: 'retry', delayMs: 0 }, { error: ERROR })
      const run = await getRun(t, id)
      assertFields(run, { attempt: 23, failures: 23 })
      assert.deepEqual(
        run.attempts.map((attempt) => attempt.number),
        Array.from({ length: 20 }, (_, index) => index + 4),
      )
    }),
  ],
}
