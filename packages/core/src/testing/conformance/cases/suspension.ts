/** Cases: work that is stopped on purpose, and what is remembered of it. */
import assert from 'node:assert/strict'
import type { JobRecord } from '../../../store/records.ts'
import { both, given, type CaseGroup } from '../conformance-case.ts'
import { assertInstant, only, present } from '../expectations.ts'
import { addOwner, claimIds, enqueue } from '../run-steps.ts'
import { addSchedule, define, dueNames, fire, firing, getSchedule, ledgerOf, STEP, suspend } from '../schedule-steps.ts'
import type { Trial } from '../trial.ts'

const K = { job: 'mail', name: 'k' }

async function jobRecord(t: Trial, job: string): Promise<JobRecord> {
  return present((await t.store.schedules.load({ jobs: [job] })).jobs[0], `job ${job}`)
}

async function mailJob(t: Trial): Promise<void> {
  await define(t, 'mail')
  await addOwner(t, 'a', ['mail'])
  await addSchedule(t, 'mail', 'k')
}

export const suspensionCases: CaseGroup = {
  name: 'suspension',
  cases: [
    both('a suspended schedule is not due; resuming makes it due at once and records the stretch', async (t) => {
      await mailJob(t)
      await addSchedule(t, 'mail', 'l')
      const before = await getSchedule(t, K)
      const { value: changed, ...start } = await t.timed(() => suspend(t, K, 'tenant is locked'))
      assert.equal(changed, true)
      const suspension = present((await getSchedule(t, K)).suspended, 'suspension')
      assert.equal(suspension.reason, 'tenant is locked')
      assertInstant(suspension.at, start)
      assert.deepEqual(await dueNames(t, 'a'), ['mail/l'])
      await t.pass(STEP)
      const { value: resumed, ...end } = await t.timed(() => suspend(t, K, null))
      assert.equal(resumed, true)
      const after = await getSchedule(t, K)
      assert.equal(after.suspended, null)
      assert.equal(after.nextSlot, before.nextSlot)
      const [from, to] = only(after.suspendedStretches, 'stretches')
      assert.equal(from, suspension.at)
      assertInstant(to, end)
      assert.deepEqual([...(await dueNames(t, 'a'))].sort(), ['mail/k', 'mail/l'])
    }),
    both('nothing of a suspended job is due or claimed; other jobs go on', async (t) => {
      await mailJob(t)
      await define(t, 'report')
      await addOwner(t, 'a', ['mail', 'report'])
      const mail = await enqueue(t, 'mail', { priority: 9 })
      const report = await enqueue(t, 'report')
      assert.equal(await suspend(t, { job: 'mail' }, 'provider is down'), true)
      assert.equal((await jobRecord(t, 'mail')).suspended?.reason, 'provider is down')
      assert.deepEqual(await dueNames(t, 'a'), [])
      assert.deepEqual(await claimIds(t, 'a'), [report])
      assert.equal(await suspend(t, { job: 'mail' }, null), true)
      assert.deepEqual(await dueNames(t, 'a'), ['mail/k'])
      assert.deepEqual(await claimIds(t, 'a'), [mail])
    }),
    both('many runs of a suspended job do not keep others from being claimed', async (t) => {
      await mailJob(t)
      await define(t, 'report')
      await addOwner(t, 'a', ['mail', 'report'])
      for (let index = 0; index < 30; index++) await enqueue(t, 'mail', { priority: 9 })
      const report = await enqueue(t, 'report')
      await suspend(t, { job: 'mail' }, 'provider is down')
      assert.deepEqual(await claimIds(t, 'a', { limit: 1 }), [report])
    }),
    both('stretches of a job come with its due schedules', async (t) => {
      await mailJob(t)
      await suspend(t, { job: 'mail' }, 'maintenance')
      const { at } = present((await jobRecord(t, 'mail')).suspended, 'suspension')
      await t.pass(STEP)
      const { value, ...end } = await t.timed(() => suspend(t, { job: 'mail' }, null))
      assert.equal(value, true)
      const { suspendedStretches } = await t.store.schedules.due({ owner: 'a', limit: 10, ...t.at() })
      const [from, to] = only(present(suspendedStretches.mail, 'stretches of the job'), 'stretches')
      assert.equal(from, at)
      assertInstant(to, end)
      assert.deepEqual((await jobRecord(t, 'mail')).suspendedStretches, suspendedStretches.mail)
    }),
    both('false where nothing was found or nothing changed', async (t) => {
      await mailJob(t)
      assert.equal(await suspend(t, { job: 'nobody' }, 'why'), false)
      assert.equal(await suspend(t, { job: 'mail', name: 'nothing' }, 'why'), false)
      assert.equal(await suspend(t, { job: 'mail' }, null), false)
      assert.equal(await suspend(t, K, null), false)
      assert.equal(await suspend(t, { job: 'mail' }, 'why'), true)
      const first = await jobRecord(t, 'mail')
      await t.pass(STEP)
      assert.equal(await suspend(t, { job: 'mail' }, 'why'), false)
      assert.deepEqual(await jobRecord(t, 'mail'), first, 'a suspension keeps its instant')
    }),
    both('targets of a batch stand by themselves', async (t) => {
      await mailJob(t)
      const { changed } = await t.store.schedules.suspend({
        targets: [
          { job: 'nobody', reason: 'x' },
          { job: 'mail', name: 'k', reason: 'x' },
          { job: 'mail', reason: 'x' },
        ],
        ...t.at(),
      })
      assert.deepEqual(changed, [false, true, true])
    }),
    both('a schedule suspended between due and fire does not fire', async (t) => {
      await mailJob(t)
      const record = await getSchedule(t, K)
      await suspend(t, K, 'stop')
      const suspended = await getSchedule(t, K)
      assert.deepEqual(await fire(t, [firing(t, record)]), [{ status: 'suspended', runs: [] }])
      assert.deepEqual(await getSchedule(t, K), suspended)
      assert.deepEqual((await ledgerOf(t, K)).runs, [])
    }),
    both('a job suspended between due and fire does not fire', async (t) => {
      await mailJob(t)
      const record = await getSchedule(t, K)
      await suspend(t, { job: 'mail' }, 'stop')
      assert.deepEqual(await fire(t, [firing(t, record)]), [{ status: 'suspended', runs: [] }])
      assert.deepEqual(await getSchedule(t, K), record)
      await suspend(t, { job: 'mail' }, null)
      assert.equal(only(await fire(t, [firing(t, record)]), 'reply').status, 'fired')
    }),
    both('a job suspended after the firing is not claimed', async (t) => {
      await mailJob(t)
      const id = only(only(await fire(t, [firing(t, await getSchedule(t, K))]), 'reply').runs, 'run').id
      await suspend(t, { job: 'mail' }, 'stop')
      assert.deepEqual(await claimIds(t, 'a'), [])
      await suspend(t, { job: 'mail' }, null)
      assert.deepEqual(await claimIds(t, 'a'), [id])
    }),
    given('at most ten stretches are kept; older ones are merged, none is lost', async (t) => {
      await mailJob(t)
      for (const target of [K, { job: 'mail' }]) {
        const made: (readonly [number, number])[] = []
        for (let round = 0; round < 14; round++) {
          await suspend(t, target, 'again')
          const from = await t.now()
          await t.pass(1_000)
          await suspend(t, target, null)
          made.push([from, await t.now()])
          await t.pass(5_000)
        }
        const kept = 'name' in target ? (await getSchedule(t, K)).suspendedStretches : (await jobRecord(t, 'mail')).suspendedStretches
        assert.ok(kept.length <= 10, `${kept.length} stretches are kept`)
        for (const [from, to] of made) {
          assert.ok(
            kept.some((stretch) => stretch[0] <= from && to <= stretch[1]),
            `stretch [${from}, ${to}] is covered`,
          )
        }
        assert.deepEqual(kept.at(-1), made.at(-1), 'the newest stretch is kept as it was')
        assert.deepEqual(
          [...kept],
          [...kept].sort((a, b) => a[0] - b[0]),
          'oldest first',
        )
        for (const [index, stretch] of kept.entries()) {
          const next = kept[index + 1]
          if (next !== undefined) assert.ok(stretch[1] <= next[0], 'stretches do not overlap')
        }
      }
    }),
    both('stretches that end after the cursor are kept', async (t) => {
      await mailJob(t)
      await suspend(t, K, 'short stop')
      await t.pass(STEP)
      await suspend(t, K, null)
      const record = await getSchedule(t, K)
      assert.equal(only(await fire(t, [firing(t, record)]), 'reply').status, 'fired')
      assert.deepEqual((await getSchedule(t, K)).suspendedStretches, record.suspendedStretches)
    }),
    both('stretches that the cursor has passed are dropped', async (t) => {
      await mailJob(t)
      await suspend(t, K, 'short stop')
      await t.pass(STEP)
      await suspend(t, K, null)
      const record = await getSchedule(t, K)
      const [, through] = only(record.suspendedStretches, 'stretches')
      const from = present(record.nextSlot, 'next slot')
      const skips = [{ reason: 'suspended', from, to: through, count: null }] as const
      assert.equal(only(await fire(t, [firing(t, record, { through, runs: [], skips })]), 'reply').status, 'fired')
      assert.deepEqual((await getSchedule(t, K)).suspendedStretches, [])
    }),
  ],
}
