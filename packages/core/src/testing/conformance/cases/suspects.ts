/** Cases: a run whose owner died is suspect; three crashes as the sole suspect make it dead. */
import assert from 'node:assert/strict'
import type { RunRecord } from '../../../store/records.ts'
import { mutexGate } from '../../../store/gates.ts'
import { both, type CaseGroup } from '../conformance-case.ts'
import { assertFields, assertGatesSound, present } from '../expectations.ts'
import { grant, release } from '../lease-steps.ts'
import {
  addOwner,
  claim,
  claimIds,
  claimOne,
  claimRecords,
  enqueue,
  enqueueMany,
  finish,
  getRun,
  heldAt,
  LEASE_END,
  renew,
  SHORT_LEASE,
  shortLease,
} from '../run-steps.ts'
import { define } from '../schedule-steps.ts'
import type { Trial } from '../trial.ts'

/** A new owner claims up to `limit` runs and dies with them; `watcher` takes over. */
async function dieWith(t: Trial, owner: string, limit: number): Promise<readonly RunRecord[]> {
  await addOwner(t, owner, ['mail'], SHORT_LEASE)
  const runs = await claimRecords(t, owner, { ...shortLease(t), limit })
  await t.pass(LEASE_END)
  await renew(t, 'watcher')
  return runs
}

async function mailJob(t: Trial): Promise<void> {
  await define(t, 'mail')
  await addOwner(t, 'watcher', [])
}

export const suspectCases: CaseGroup = {
  name: 'suspects',
  cases: [
    both('a process takes one suspect at a time, beside other runs', async (t) => {
      await mailJob(t)
      const suspects = await enqueueMany(t, 'mail', 3)
      assert.equal((await dieWith(t, 'a', 3)).length, 3)
      await enqueueMany(t, 'mail', 2)
      await addOwner(t, 'b', ['mail'])
      const taken = await claimRecords(t, 'b')
      assert.equal(taken.filter((run) => run.suspect).length, 1)
      assert.equal(taken.filter((run) => !run.suspect).length, 2, 'suspects do not block other runs')
      assert.deepEqual(await claim(t, 'b'), [])
      const first = present(
        taken.find((run) => run.suspect),
        'suspect',
      )
      await finish(t, first)
      const second = await claimOne(t, 'b')
      assert.equal(second.suspect, true)
      await finish(t, second)
      const third = await claimOne(t, 'b')
      assert.deepEqual([first.id, second.id, third.id].sort(), [...suspects].sort())
    }),
    both('each process may take a suspect of its own', async (t) => {
      await mailJob(t)
      await enqueueMany(t, 'mail', 3)
      await dieWith(t, 'a', 3)
      await addOwner(t, 'b', ['mail'])
      await addOwner(t, 'c', ['mail'])
      const taken = (await Promise.all([claimRecords(t, 'b'), claimRecords(t, 'c')])).map((runs) => runs.length)
      assert.deepEqual(taken, [1, 1])
    }),
    both('a suspect that nobody may claim takes no chance at a gate away from those behind it', async (t) => {
      await mailJob(t)
      const free = await enqueue(t, 'mail')
      const blocked = await enqueue(t, 'mail', { gates: [mutexGate('m')], priority: 1 })
      assert.equal((await dieWith(t, 'a', 2)).length, 2)
      const lease = await grant(t, 'm', 'h')
      await addOwner(t, 'b', ['mail'])
      const suspect = await claimOne(t, 'b')
      assertFields(suspect, { id: free, suspect: true })
      const behind = await enqueue(t, 'mail', { gates: [mutexGate('m')] })
      assert.deepEqual(await claim(t, 'b'), [])
      await release(t, lease)
      const next = await claimOne(t, 'b')
      assertFields(next, { id: behind, suspect: false })
      await finish(t, next)
      assert.deepEqual(await claim(t, 'b'), [], 'the process holds a suspect still')
      await finish(t, suspect)
      assert.deepEqual(await claimIds(t, 'b'), [blocked])
      await assertGatesSound(t)
    }),
    both('a crash counts only for the sole suspect', async (t) => {
      await mailJob(t)
      const poison = await enqueue(t, 'mail')
      await dieWith(t, 'a', 1)
      assertFields(await getRun(t, poison), { suspect: true, crashes: 0 })
      const bystanders = await enqueueMany(t, 'mail', 4)
      assert.equal((await dieWith(t, 'b', 10)).length, 5)
      assertFields(await getRun(t, poison), { suspect: true, crashes: 1 })
      for (const id of bystanders) assertFields(await getRun(t, id), { suspect: true, crashes: 0, state: 'pending' })
    }),
    both('three crashes as the sole suspect make a run dead', async (t) => {
      await mailJob(t)
      const poison = await enqueue(t, 'mail', { gates: ['mutex:m'] })
      for (const [owner, crashes] of [
        ['a', 0],
        ['b', 1],
        ['c', 2],
      ] as const) {
        assert.equal((await dieWith(t, owner, 1)).length, 1)
        assertFields(await getRun(t, poison), { state: 'pending', suspect: true, crashes, failures: 0 })
      }
      assert.equal((await dieWith(t, 'd', 1)).length, 1)
      const dead = await getRun(t, poison)
      assertFields(dead, { state: 'dead', crashes: 3, owner: null })
      assert.match(dead.reason ?? '', /crash/i)
      assert.notEqual(dead.finishedAt, null)
      assert.equal(dead.attempts.length, 4)
      assert.equal(await heldAt(t, 'mutex:m'), 0)
      await assertGatesSound(t)
      await addOwner(t, 'e', ['mail'])
      assert.deepEqual(await claim(t, 'e'), [])
    }),
    both('a suspect whose attempt ends otherwise is no suspect any more', async (t) => {
      await mailJob(t)
      const id = await enqueue(t, 'mail')
      await dieWith(t, 'a', 1)
      await addOwner(t, 'b', ['mail'])
      const run = await claimOne(t, 'b')
      assert.equal(run.suspect, true)
      await finish(t, run, { to: 'retry', delayMs: 0 })
      assertFields(await getRun(t, id), { suspect: false, failures: 1, state: 'pending' })
    }),
    both('a suspect that a process gives back cleanly has not crashed', async (t) => {
      await mailJob(t)
      const id = await enqueue(t, 'mail')
      await dieWith(t, 'a', 1)
      await addOwner(t, 'b', ['mail'])
      await claimOne(t, 'b')
      await t.store.runs.leave({ owner: 'b', ...t.at() })
      assertFields(await getRun(t, id), { state: 'pending', crashes: 0 })
    }),
    both('a prefetched suspect that never started has not crashed', async (t) => {
      await mailJob(t)
      const id = await enqueue(t, 'mail')
      await dieWith(t, 'a', 1)
      await addOwner(t, 'b', ['mail'], SHORT_LEASE)
      assert.equal((await claim(t, 'b', { ...shortLease(t), limit: 1, start: 0 })).length, 1)
      await t.pass(LEASE_END)
      await renew(t, 'watcher')
      assertFields(await getRun(t, id), { state: 'pending', crashes: 0, attempt: 1 })
    }),
    both('a process that survived takes its crashes back', async (t) => {
      await mailJob(t)
      const id = await enqueue(t, 'mail')
      await dieWith(t, 'a', 1)
      await dieWith(t, 'b', 1)
      assertFields(await getRun(t, id), { crashes: 1 })
      await renew(t, 'b-again', { survived: 'b' })
      assertFields(await getRun(t, id), { crashes: 0, state: 'pending' })
      await renew(t, 'b-again', { survived: 'b' })
      assertFields(await getRun(t, id), { crashes: 0 })
    }),
    both('what survived takes back is its own', async (t) => {
      await mailJob(t)
      const id = await enqueue(t, 'mail')
      await dieWith(t, 'a', 1)
      await dieWith(t, 'b', 1)
      await dieWith(t, 'c', 1)
      assertFields(await getRun(t, id), { crashes: 2 })
      for (let round = 0; round < 2; round++) {
        await renew(t, 'c-again', { survived: 'c' })
        assertFields(await getRun(t, id), { crashes: 1 })
      }
    }),
  ],
}
