/** Cases: a handler that goes on after its end keeps its gates until it returns. */
import assert from 'node:assert/strict'
import { mutexGate } from '../../../store/gates.ts'
import type { RunRecord } from '../../../store/records.ts'
import { both, type CaseGroup } from '../conformance-case.ts'
import { assertFields, assertGatesSound, present } from '../expectations.ts'
import {
  addOwner,
  claimIds,
  claimOne,
  enqueue,
  finish,
  gate,
  getRun,
  heldAt,
  LEASE_END,
  renew,
  settle,
  SHORT_LEASE,
  shortLease,
} from '../run-steps.ts'
import { define } from '../schedule-steps.ts'
import type { Trial } from '../trial.ts'

const M = mutexGate('m')

/** A run of `owner` that timed out but still executes; another waits for its mutex. */
async function stuckRun(t: Trial, owner: string): Promise<{ readonly stuck: RunRecord; readonly next: string }> {
  await enqueue(t, 'mail', { gates: [M] })
  const stuck = await claimOne(t, owner, shortLease(t))
  const next = await enqueue(t, 'mail', { gates: [M] })
  await finish(t, stuck, { to: 'dead', reason: 'timed out' }, { outcome: 'timedOut', holdGates: true })
  return { stuck, next }
}

async function releaseGates(t: Trial, run: RunRecord, fence = run.fence): Promise<void> {
  await t.store.runs.releaseGates({ owner: present(run.owner, 'owner'), runs: [{ runId: run.id, fence }], ...t.at() })
}

export const heldGateCases: CaseGroup = {
  name: 'gates held on',
  cases: [
    both('holdGates keeps the gates of a settled run until they are released', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const { stuck, next } = await stuckRun(t, 'a')
      assertFields(await getRun(t, stuck.id), { state: 'dead', owner: null })
      assertFields(present(await gate(t, M), 'gate'), { held: 1, holders: 1 })
      assert.deepEqual(await claimIds(t, 'a', shortLease(t)), [])
      await releaseGates(t, stuck)
      assert.equal(await heldAt(t, M), 0)
      assert.deepEqual(await claimIds(t, 'a', shortLease(t)), [next])
    }),
    both('releasing twice or with a stale fence frees nothing of others', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const { stuck, next } = await stuckRun(t, 'a')
      await releaseGates(t, stuck, stuck.fence - 1)
      assert.equal(await heldAt(t, M), 1)
      await releaseGates(t, stuck)
      assert.deepEqual(await claimIds(t, 'a'), [next])
      await releaseGates(t, stuck)
      assert.equal(await heldAt(t, M), 1)
      await assertGatesSound(t)
    }),
    both('repeating the settlement does not free held gates', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const { stuck } = await stuckRun(t, 'a')
      const again = await settle(t, stuck, { to: 'dead', reason: 'timed out' }, { outcome: 'timedOut', holdGates: true })
      assert.equal(again.status, 'settled')
      assertFields(present(await gate(t, M), 'gate'), { held: 1, holders: 1 })
    }),
    both('the end of the owner frees held gates: a clean leave', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const { next } = await stuckRun(t, 'a')
      await t.store.runs.leave({ owner: 'a', ...t.at() })
      await addOwner(t, 'b', ['mail'])
      assert.deepEqual(await claimIds(t, 'b'), [next])
    }),
    both('the end of the owner frees held gates: an expired lease', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'], SHORT_LEASE)
      await addOwner(t, 'b', ['mail'])
      const { stuck, next } = await stuckRun(t, 'a')
      assert.deepEqual(await claimIds(t, 'b'), [])
      await t.pass(LEASE_END)
      await renew(t, 'b')
      assert.deepEqual(await claimIds(t, 'b'), [next])
      assertFields(await getRun(t, stuck.id), { state: 'dead', reason: 'timed out' })
      await assertGatesSound(t)
    }),
    both('a stuck run that is to be tried again waits for itself', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const id = await enqueue(t, 'mail', { gates: [M] })
      const stuck = await claimOne(t, 'a')
      await finish(t, stuck, { to: 'retry', delayMs: 0 }, { outcome: 'timedOut', holdGates: true })
      assert.deepEqual(await claimIds(t, 'a'), [])
      assertFields(present(await gate(t, M), 'gate'), { held: 1, holders: 1 })
      await releaseGates(t, stuck)
      assertFields(await claimOne(t, 'a'), { id, attempt: 2 })
      assertFields(present(await gate(t, M), 'gate'), { held: 1, holders: 1 })
    }),
  ],
}
