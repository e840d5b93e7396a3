/** Cases: what becomes of a slot that is due while a run of its (job, key) is alive. */
import assert from 'node:assert/strict'
import { keyGate } from '../../../store/gates.ts'
import type { FiredRun } from '../../../store/schedules.ts'
import { both, type CaseGroup } from '../conformance-case.ts'
import { assertFields, assertLedgerSound, only, present } from '../expectations.ts'
import { addOwner, claimIds, claimOne, claimRecords, enqueue, finish, getRun, LONG_LEASE, renew, statesOf } from '../run-steps.ts'
import { addSchedule, define, fire, firedRun, fireNext, firing, getSchedule, ledgerOf, STEP } from '../schedule-steps.ts'
import type { Trial } from '../trial.ts'

const K = { job: 'mail', name: 'k' }
const SKIP: Partial<FiredRun> = { overlap: 'skip', gates: [keyGate('mail', 'k')] }
const QUEUE: Partial<FiredRun> = { overlap: 'queue', queueLimit: 1, gates: [keyGate('mail', 'k')] }
const REPLACE: Partial<FiredRun> = { overlap: 'replace', gates: [keyGate('mail', 'k')] }

async function mailJob(t: Trial): Promise<void> {
  await define(t, 'mail')
  await addOwner(t, 'a', ['mail'])
  await addSchedule(t, 'mail', 'k')
}

export const overlapCases: CaseGroup = {
  name: 'overlap',
  cases: [
    both('skip: a slot is skipped while the slot before it is pending', async (t) => {
      await mailJob(t)
      await fireNext(t, K, SKIP)
      const second = await fireNext(t, K, SKIP)
      assertFields(second, { state: 'skipped', reason: 'overlap' })
      const run = await getRun(t, second.id)
      assertFields(run, { state: 'skipped', reason: 'overlap' })
      assert.notEqual(run.finishedAt, null)
      assertFields(await getSchedule(t, K), { slots: 2 })
      await assertLedgerSound(t, K)
      assert.equal((await claimIds(t, 'a')).includes(second.id), false)
    }),
    both('skip: a slot is skipped while the slot before it waits for its retry', async (t) => {
      await mailJob(t)
      await fireNext(t, K, SKIP)
      await finish(t, await claimOne(t, 'a'), { to: 'retry', delayMs: t.ms(600_000) })
      assertFields(await fireNext(t, K, SKIP), { state: 'skipped', reason: 'overlap' })
    }),
    both('skip: a slot runs when the slot before it has ended, however', async (t) => {
      await mailJob(t)
      for (const then of [
        { to: 'succeeded', result: null },
        { to: 'dead', reason: 'no' },
        { to: 'cancelled', reason: 'no' },
      ] as const) {
        const fired = await fireNext(t, K, SKIP)
        assert.equal(fired.state, 'pending')
        await finish(t, await claimOne(t, 'a'), then)
      }
    }),
    both('skip: a skipped slot is no reason to skip the next', async (t) => {
      await mailJob(t)
      await fireNext(t, K, SKIP)
      const held = await claimOne(t, 'a')
      assert.equal((await fireNext(t, K, SKIP)).state, 'skipped')
      await finish(t, held)
      assert.equal((await fireNext(t, K, SKIP)).state, 'pending')
    }),
    both('skip: within one firing only the first slot is alive for the others', async (t) => {
      await mailJob(t)
      const record = await getSchedule(t, K)
      const slots = [1, 2].map((index) => record.cursor + t.ms(index * STEP))
      const runs = slots.map((slot) => firedRun(record, slot, SKIP))
      const reply = only(await fire(t, [firing(t, record, { through: present(slots[1], 'slot'), runs })]), 'reply')
      assert.deepEqual(
        reply.runs.map((run) => [run.state, run.reason]),
        [
          ['pending', null],
          ['skipped', 'overlap'],
        ],
      )
    }),
    both('skip: a manual run of the same key does not skip the slot at fire, but does at claim', async (t) => {
      await mailJob(t)
      await enqueue(t, 'mail', { key: 'k', gates: [keyGate('mail', 'k')] })
      const manual = await claimOne(t, 'a')
      const fired = await fireNext(t, K, SKIP)
      assert.equal(fired.state, 'pending')
      assert.deepEqual(await claimIds(t, 'a'), [])
      assertFields(await getRun(t, fired.id), { state: 'skipped', reason: 'overlap', attempt: 0 })
      await assertLedgerSound(t, K)
      await finish(t, manual)
      assert.deepEqual(await claimIds(t, 'a'), [], 'a skipped slot does not come back')
    }),
    both('skip: a slot that ran before waits for its key instead of being skipped', async (t) => {
      await mailJob(t)
      await fireNext(t, K, SKIP)
      const failed = await claimOne(t, 'a')
      await finish(t, failed, { to: 'retry', delayMs: 0 })
      await enqueue(t, 'mail', { key: 'k', gates: [keyGate('mail', 'k')], priority: 9 })
      const manual = await claimOne(t, 'a', { limit: 1 })
      assert.notEqual(manual.id, failed.id)
      assert.deepEqual(await claimIds(t, 'a'), [])
      await finish(t, manual)
      assertFields(await claimOne(t, 'a'), { id: failed.id, attempt: 2 })
    }),
    both("skip: a full gate that is not its key's makes the slot wait", async (t) => {
      await mailJob(t)
      await enqueue(t, 'mail', { key: 'other', gates: ['mutex:m'] })
      const manual = await claimOne(t, 'a')
      const fired = await fireNext(t, K, { ...SKIP, gates: [keyGate('mail', 'k'), 'mutex:m'] })
      assert.deepEqual(await claimIds(t, 'a'), [])
      assert.notEqual((await getRun(t, fired.id)).state, 'skipped')
      await finish(t, manual)
      assert.deepEqual(await claimIds(t, 'a'), [fired.id])
    }),
    both('skip: a manual run waits its turn, it is never skipped', async (t) => {
      await mailJob(t)
      await fireNext(t, K, SKIP)
      const running = await claimOne(t, 'a')
      const manual = await enqueue(t, 'mail', { key: 'k', overlap: 'skip', gates: [keyGate('mail', 'k')] })
      assert.deepEqual(await claimIds(t, 'a'), [])
      await finish(t, running)
      assert.deepEqual(await claimIds(t, 'a'), [manual])
    }),
    both('skip: another schedule of the job does not count', async (t) => {
      await mailJob(t)
      await addSchedule(t, 'mail', 'l')
      await fireNext(t, K, SKIP)
      assert.equal((await fireNext(t, { job: 'mail', name: 'l' }, { overlap: 'skip', gates: [keyGate('mail', 'l')] })).state, 'pending')
    }),
    both('queue: one slot stands behind the running one, the next is skipped', async (t) => {
      await mailJob(t)
      const first = await fireNext(t, K, QUEUE)
      const running = await claimOne(t, 'a')
      assert.equal(running.id, first.id)
      const second = await fireNext(t, K, QUEUE)
      assert.equal(second.state, 'pending')
      assert.deepEqual(await claimIds(t, 'a'), [], 'one at a time')
      assertFields(await fireNext(t, K, QUEUE), { state: 'skipped', reason: 'limit' })
      await finish(t, running)
      assert.deepEqual(await claimIds(t, 'a'), [second.id])
      assert.equal((await fireNext(t, K, QUEUE)).state, 'pending', 'there is room again')
      assertFields(await getSchedule(t, K), { slots: 4 })
      await assertLedgerSound(t, K)
    }),
    both('queue: the limit counts slots that stand behind the running one', async (t) => {
      await mailJob(t)
      const wide = { ...QUEUE, queueLimit: 3 }
      await fireNext(t, K, wide)
      await claimOne(t, 'a')
      const states: string[] = []
      for (let index = 0; index < 5; index++) states.push((await fireNext(t, K, wide)).state)
      assert.deepEqual(states, ['pending', 'pending', 'pending', 'skipped', 'skipped'])
    }),
    both('queue: manual runs keep the slot waiting but take no place in its queue', async (t) => {
      await mailJob(t)
      await enqueue(t, 'mail', { key: 'k', gates: [keyGate('mail', 'k')] })
      await claimOne(t, 'a')
      await enqueue(t, 'mail', { key: 'k', gates: [keyGate('mail', 'k')] })
      assert.equal((await fireNext(t, K, QUEUE)).state, 'pending')
      assertFields(await fireNext(t, K, QUEUE), { state: 'skipped', reason: 'limit' })
    }),
    both('queue: a debounced trigger that has not started does not count as running', async (t) => {
      await mailJob(t)
      const debounce = { waitMs: t.ms(600_000), maxWaitMs: null, leading: false, trailing: true, merge: 'last' } as const
      await enqueue(t, 'mail', { key: 'k', debounce, gates: [keyGate('mail', 'k')] })
      assert.equal((await fireNext(t, K, { ...QUEUE, queueLimit: 0 })).state, 'pending')
    }),
    both('replace: the running run is asked to cancel, its successor waits for its end', async (t) => {
      await mailJob(t)
      await fireNext(t, K, REPLACE)
      const running = await claimOne(t, 'a')
      const successor = await fireNext(t, K, REPLACE)
      assert.equal(successor.state, 'pending')
      assert.notEqual((await getRun(t, running.id)).cancelRequested, null)
      const { cancels } = await renew(t, 'a')
      assertFields(only(cancels, 'cancel requests'), { runId: running.id, fence: running.fence })
      assert.deepEqual(await claimIds(t, 'a'), [], 'the successor waits')
      await finish(t, running, { to: 'cancelled', reason: 'replaced' })
      assert.deepEqual(await claimIds(t, 'a'), [successor.id])
    }),
    both('replace: slots that have not started are cancelled, manual runs are not', async (t) => {
      await mailJob(t)
      const first = await fireNext(t, K, REPLACE)
      const manual = await enqueue(t, 'mail', { key: 'k' })
      const second = await fireNext(t, K, REPLACE)
      assert.deepEqual(await statesOf(t, [first.id, second.id, manual]), ['cancelled', 'pending', 'pending'])
      await assertLedgerSound(t, K)
    }),
    both('replace: waiting slots are cancelled and leave their gate', async (t) => {
      await mailJob(t)
      await enqueue(t, 'mail', { key: 'other', gates: ['mutex:m'] })
      const holder = await claimOne(t, 'a')
      const blocked = { ...REPLACE, gates: ['mutex:m'] }
      const first = await fireNext(t, K, blocked)
      assert.deepEqual(await claimIds(t, 'a'), [])
      const second = await fireNext(t, K, blocked)
      await finish(t, holder)
      assert.deepEqual(await claimIds(t, 'a'), [second.id])
      assert.deepEqual(await statesOf(t, [first.id]), ['cancelled'])
    }),
    both('replace: other keys are left alone', async (t) => {
      await mailJob(t)
      await addSchedule(t, 'mail', 'l')
      const other = await fireNext(t, { job: 'mail', name: 'l' }, { ...REPLACE, gates: [keyGate('mail', 'l')] })
      await fireNext(t, K, REPLACE)
      const running = await claimRecords(t, 'a')
      assert.equal(running.length, 2)
      await fireNext(t, K, REPLACE)
      assert.equal((await getRun(t, other.id)).cancelRequested, null)
      assert.equal((await renew(t, 'a')).cancels.length, 1)
    }),
    both('allow: slots run side by side', async (t) => {
      await mailJob(t)
      const ids = [await fireNext(t, K), await fireNext(t, K), await fireNext(t, K)].map((run) => run.id)
      assert.deepEqual([...(await claimIds(t, 'a'))].sort(), [...ids].sort())
    }),
    both('the ledger shows how each slot ended', async (t) => {
      await mailJob(t)
      await fireNext(t, K, QUEUE)
      const running = await claimOne(t, 'a', { leaseMs: t.ms(LONG_LEASE) })
      await fireNext(t, K, QUEUE)
      await fireNext(t, K, QUEUE)
      await finish(t, running, { to: 'dead', reason: 'gave up' })
      assert.deepEqual(
        (await ledgerOf(t, K)).runs.map((run) => [run.state, run.reason]),
        [
          ['dead', 'gave up'],
          ['pending', null],
          ['skipped', 'limit'],
        ],
      )
    }),
  ],
}
