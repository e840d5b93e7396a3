/** Cases: cancelling runs in every state. */
import assert from 'node:assert/strict'
import { mutexGate } from '../../../store/gates.ts'
import type { RunRecord } from '../../../store/records.ts'
import { both, type CaseGroup } from '../conformance-case.ts'
import { assertFields, assertInstant, assertLedgerSound, only } from '../expectations.ts'
import { addOwner, cancel, claimIds, claimOne, enqueue, finish, getRun, LEASE_END, renew, SHORT_LEASE, shortLease } from '../run-steps.ts'
import { addSchedule, define, fireNext } from '../schedule-steps.ts'

/** Cancelled at once, or by the next owner, who learns of the request with its first renewal. */
function isCancelKept(run: RunRecord): boolean {
  return run.state === 'cancelled' || (run.state === 'pending' && run.cancelRequested !== null)
}

export const cancelCases: CaseGroup = {
  name: 'cancel',
  cases: [
    both('a pending run is cancelled at once', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const id = await enqueue(t, 'mail')
      await t.pass(100)
      const { value, ...span } = await t.timed(() => cancel(t, id, 'not needed'))
      assert.equal(value, 'cancelled')
      const run = await getRun(t, id)
      assertFields(run, { state: 'cancelled', reason: 'not needed', attempt: 0 })
      assertInstant(run.finishedAt, span)
      assert.deepEqual(await claimIds(t, 'a'), [])
    }),
    both('a waiting run is cancelled at once', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      await enqueue(t, 'mail', { gates: [mutexGate('m')] })
      const held = await claimOne(t, 'a')
      const waiting = await enqueue(t, 'mail', { gates: [mutexGate('m')] })
      await claimIds(t, 'a')
      assert.equal(await cancel(t, waiting), 'cancelled')
      await finish(t, held)
      assert.deepEqual(await claimIds(t, 'a'), [])
      assert.equal((await getRun(t, waiting)).state, 'cancelled')
    }),
    both('a running run gets a request, which its owner learns with its renewal', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      await addOwner(t, 'b', ['mail'])
      const id = await enqueue(t, 'mail')
      const run = await claimOne(t, 'a')
      assert.equal(await cancel(t, id, 'too slow'), 'requested')
      assertFields(await getRun(t, id), { state: 'running', cancelRequested: 'too slow' })
      const { cancels } = await renew(t, 'a')
      assert.deepEqual(cancels, [{ runId: id, fence: run.fence, reason: 'too slow' }])
      assert.deepEqual((await renew(t, 'b')).cancels, [])
      assert.deepEqual((await renew(t, 'a')).cancels, cancels, 'told until the run has ended')
      await finish(t, run, { to: 'cancelled', reason: 'too slow' })
      assert.deepEqual((await renew(t, 'a')).cancels, [])
      assertFields(await getRun(t, id), { state: 'cancelled', reason: 'too slow' })
    }),
    both('what has ended or is unknown is told apart, in order', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const done = await enqueue(t, 'mail')
      await finish(t, await claimOne(t, 'a'))
      const before = await getRun(t, done)
      const running = await enqueue(t, 'mail')
      await claimOne(t, 'a')
      const pending = await enqueue(t, 'mail')
      const ids = [done, t.nextId(), running, pending, pending]
      const { replies } = await t.store.runs.cancel({ runs: ids.map((id) => ({ id, reason: 'x' })), ...t.at() })
      assert.deepEqual(replies, ['terminal', 'unknown', 'requested', 'cancelled', 'terminal'])
      assert.deepEqual(await getRun(t, done), before)
    }),
    both('a run that was to be tried again is cancelled at once', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const id = await enqueue(t, 'mail')
      await finish(t, await claimOne(t, 'a'), { to: 'retry', delayMs: 0 })
      assert.equal(await cancel(t, id), 'cancelled')
      assertFields(await getRun(t, id), { state: 'cancelled', failures: 1 })
      assert.deepEqual(await claimIds(t, 'a'), [])
    }),
    both('a cancel request is not forgotten when the owner dies', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'], SHORT_LEASE)
      await addOwner(t, 'b', [])
      const id = await enqueue(t, 'mail')
      await claimOne(t, 'a', shortLease(t))
      assert.equal(await cancel(t, id), 'requested')
      await t.pass(LEASE_END)
      await renew(t, 'b')
      const run = await getRun(t, id)
      assert.ok(isCancelKept(run), `run is ${run.state} without its cancel request`)
    }),
    both('a cancel request is not forgotten when the owner leaves', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const id = await enqueue(t, 'mail')
      await claimOne(t, 'a')
      assert.equal(await cancel(t, id), 'requested')
      await t.store.runs.leave({ owner: 'a', ...t.at() })
      const run = await getRun(t, id)
      assert.ok(isCancelKept(run), `run is ${run.state} without its cancel request`)
    }),
    both('a cancel request is not forgotten when the attempt fails', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const id = await enqueue(t, 'mail')
      const running = await claimOne(t, 'a')
      assert.equal(await cancel(t, id), 'requested')
      await finish(t, running, { to: 'retry', delayMs: 0 })
      const run = await getRun(t, id)
      assert.ok(isCancelKept(run), `run is ${run.state} without its cancel request`)
    }),
    both('a cancelled slot keeps its place in the ledger', async (t) => {
      await define(t, 'mail')
      const record = await addSchedule(t, 'mail', 'k')
      const run = await fireNext(t, record)
      assert.equal(await cancel(t, run.id), 'cancelled')
      await assertLedgerSound(t, record)
      const { runs } = await t.store.schedules.ledger({ job: 'mail', name: 'k', after: null, limit: 10 })
      assert.equal(only(runs, 'ledger runs').state, 'cancelled')
    }),
  ],
}
