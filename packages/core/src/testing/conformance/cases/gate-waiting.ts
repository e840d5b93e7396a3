/** Cases: runs that wait at a full gate, and who goes next. */
import assert from 'node:assert/strict'
import { jobGate, mutexGate } from '../../../store/gates.ts'
import { both, type CaseGroup } from '../conformance-case.ts'
import { assertFields, assertGatesSound, present } from '../expectations.ts'
import { addOwner, cancel, claim, claimIds, claimOne, enqueue, enqueueMany, finish, gate, getRun, heldAt } from '../run-steps.ts'
import { define } from '../schedule-steps.ts'

const M = mutexGate('m')

export const gateWaitingCases: CaseGroup = {
  name: 'waiting at gates',
  cases: [
    both('a run that finds its gate full waits, and is promoted when there is room', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      await enqueue(t, 'mail', { gates: [M] })
      const held = await claimOne(t, 'a')
      const waiting = await enqueue(t, 'mail', { gates: [M] })
      assert.deepEqual(await claimIds(t, 'a'), [])
      const { state } = await getRun(t, waiting)
      assert.ok(state === 'waiting' || state === 'pending', `the run is ${state}`)
      assertFields(present(await gate(t, M), 'gate'), { held: 1, holders: 1, waiting: state === 'waiting' ? 1 : 0 })
      await finish(t, held)
      const next = await claimOne(t, 'a')
      assertFields(next, { id: waiting, attempt: 1 })
      assertFields(present(await gate(t, M), 'gate'), { held: 1, holders: 1, waiting: 0 })
      await finish(t, next)
      assert.deepEqual((await t.store.runs.gates({})).gates, [])
    }),
    both('a run that waits at one gate holds no other', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      await enqueue(t, 'mail', { gates: [mutexGate('b')] })
      const holder = await claimOne(t, 'a')
      const needsBoth = await enqueue(t, 'mail', { gates: [mutexGate('a'), mutexGate('b')] })
      assert.deepEqual(await claimIds(t, 'a'), [])
      assert.equal(await heldAt(t, mutexGate('a')), 0)
      const needsA = await enqueue(t, 'mail', { gates: [mutexGate('a')] })
      const second = await claimOne(t, 'a')
      assert.equal(second.id, needsA)
      await finish(t, holder)
      assert.deepEqual(await claimIds(t, 'a'), [], 'now the other gate is full')
      assert.equal(await heldAt(t, mutexGate('b')), 0)
      await finish(t, second)
      assert.deepEqual(await claimIds(t, 'a'), [needsBoth])
      await assertGatesSound(t)
    }),
    both('a waiting run that is cancelled leaves its gate', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      await enqueue(t, 'mail', { gates: [M] })
      const held = await claimOne(t, 'a')
      const [first, second] = [await enqueue(t, 'mail', { gates: [M] }), await enqueue(t, 'mail', { gates: [M] })]
      assert.deepEqual(await claimIds(t, 'a'), [])
      assert.equal(await cancel(t, first), 'cancelled')
      await finish(t, held)
      const last = await claimOne(t, 'a')
      assert.equal(last.id, second)
      await finish(t, last)
      assert.deepEqual((await t.store.runs.gates({})).gates, [], 'nobody holds it or waits at it')
    }),
    both('a run that was let go and is cancelled hands its turn on', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      await enqueue(t, 'mail', { gates: [M] })
      const held = await claimOne(t, 'a')
      const [first, second] = [await enqueue(t, 'mail', { gates: [M], priority: 1 }), await enqueue(t, 'mail', { gates: [M] })]
      assert.deepEqual(await claimIds(t, 'a'), [])
      await finish(t, held)
      assert.equal(await cancel(t, first), 'cancelled')
      assert.deepEqual(await claimIds(t, 'a'), [second])
    }),
    both('a run that was let go and finds another gate full hands its turn on', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      await enqueue(t, 'mail', { gates: [mutexGate('n')] })
      const other = await claimOne(t, 'a')
      await enqueue(t, 'mail', { gates: [mutexGate('m')] })
      const held = await claimOne(t, 'a')
      for (const gates of [
        [mutexGate('m'), mutexGate('n')],
        [mutexGate('a'), mutexGate('m')],
      ]) {
        await enqueue(t, 'mail', { gates, priority: 1 })
      }
      await enqueue(t, 'mail', { gates: [mutexGate('a')], priority: 2 })
      const third = await claimOne(t, 'a')
      const behind = await enqueue(t, 'mail', { gates: [M] })
      assert.deepEqual(await claimIds(t, 'a'), [])
      await finish(t, held)
      assert.deepEqual(await claimIds(t, 'a'), [behind], 'the runs before it wait for other gates')
      await finish(t, third)
      await finish(t, other)
      await assertGatesSound(t)
    }),
    both('runs that wait outlive the owner that found the gate full', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      await enqueue(t, 'mail', { gates: [M] })
      const held = await claimOne(t, 'a')
      const waiting = [await enqueue(t, 'mail', { gates: [M] }), await enqueue(t, 'mail', { gates: [M] })]
      assert.deepEqual(await claimIds(t, 'a'), [])
      await finish(t, held)
      const next = await claimOne(t, 'a')
      await t.store.runs.leave({ owner: 'a', ...t.at() })
      await addOwner(t, 'b', ['mail'])
      const again = await claimOne(t, 'b')
      await finish(t, again)
      const last = await claimOne(t, 'b')
      assert.deepEqual([again.id, last.id].sort(), [...waiting].sort())
      assert.ok(waiting.includes(next.id))
    }),
    both('a waiting run whose job nobody knows does not block the gate for other jobs', async (t) => {
      for (const job of ['gone', 'mail', 'report']) await define(t, job)
      await addOwner(t, 'a', ['gone', 'mail', 'report'])
      await enqueue(t, 'report', { gates: [M] })
      const holder = await claimOne(t, 'a')
      await enqueue(t, 'gone', { gates: [M], priority: 9 })
      assert.deepEqual(await claimIds(t, 'a'), [])
      const behind = await enqueue(t, 'mail', { gates: [M] })
      assert.deepEqual(await claimIds(t, 'a'), [])
      await addOwner(t, 'a', ['mail', 'report'])
      await finish(t, holder)
      assert.deepEqual(await claimIds(t, 'a'), [behind])
    }),
    both('a waiting run whose job is suspended does not block the gate for other jobs', async (t) => {
      for (const job of ['stopped', 'mail', 'report']) await define(t, job)
      await addOwner(t, 'a', ['stopped', 'mail', 'report'])
      await enqueue(t, 'report', { gates: [M] })
      const holder = await claimOne(t, 'a')
      const stopped = await enqueue(t, 'stopped', { gates: [M], priority: 9 })
      assert.deepEqual(await claimIds(t, 'a'), [])
      const behind = await enqueue(t, 'mail', { gates: [M] })
      assert.deepEqual(await claimIds(t, 'a'), [])
      await t.store.schedules.suspend({ targets: [{ job: 'stopped', reason: 'x' }], ...t.at() })
      await finish(t, holder)
      const next = await claimOne(t, 'a')
      assert.equal(next.id, behind)
      await t.store.schedules.suspend({ targets: [{ job: 'stopped', reason: null }], ...t.at() })
      await finish(t, next)
      assert.deepEqual(await claimIds(t, 'a'), [stopped], 'it is not lost either')
    }),
    both('a saturated job does not keep others from being claimed', async (t) => {
      await define(t, 'full', { concurrency: 1 })
      await define(t, 'mail')
      await addOwner(t, 'a', ['full', 'mail'])
      await enqueueMany(t, 'full', 40, { gates: [jobGate('full')], priority: 9 })
      await claimOne(t, 'a', { limit: 1 })
      const id = await enqueue(t, 'mail')
      assert.deepEqual(await claimIds(t, 'a', { limit: 1 }), [id])
    }),
    both('a raised limit lets waiting runs go', async (t) => {
      const generation = await define(t, 'mail', { concurrency: 1 })
      await addOwner(t, 'a', ['mail'])
      await enqueueMany(t, 'mail', 4, { gates: [jobGate('mail')] })
      assert.equal((await claim(t, 'a')).length, 1)
      const raised = await define(t, 'mail', { hash: 'v2', expectedGeneration: generation, concurrency: 3 })
      assert.equal((await claim(t, 'a')).length, 2)
      assertFields(present(await gate(t, jobGate('mail')), 'gate'), { limit: 3, held: 3, holders: 3 })
      await define(t, 'mail', { hash: 'v3', expectedGeneration: raised, concurrency: null })
      assert.equal((await claim(t, 'a')).length, 1, 'without a limit the last one goes too')
    }),
  ],
}
