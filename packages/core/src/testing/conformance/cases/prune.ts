/** Cases: history is bounded by the rules, and only by them. */
import assert from 'node:assert/strict'
import { mutexGate } from '../../../store/gates.ts'
import { both, given, type CaseGroup } from '../conformance-case.ts'
import { assertFields } from '../expectations.ts'
import { addOwner, claimIds, claimOne, enqueue, finish, statesOf, type Ending, SUCCESS } from '../run-steps.ts'
import { define } from '../schedule-steps.ts'
import { DAY, endedRun, mailJob, prune, rule } from '../prune-steps.ts'
import type { Trial } from '../trial.ts'

async function endedRuns(t: Trial, count: number, then: Ending = SUCCESS, key = ''): Promise<readonly string[]> {
  const ids: string[] = []
  for (let index = 0; index < count; index++) ids.push(await endedRun(t, 'mail', then, key))
  return ids
}

async function kept(t: Trial, ids: readonly string[]): Promise<readonly boolean[]> {
  return (await statesOf(t, ids)).map((state) => state !== null)
}

export const pruneCases: CaseGroup = {
  name: 'prune',
  cases: [
    both('the newest of each kind are kept', async (t) => {
      await mailJob(t)
      const succeeded = await endedRuns(t, 4)
      const dead = await endedRuns(t, 3, { to: 'dead', reason: 'x' })
      const cancelled = await endedRuns(t, 3, { to: 'cancelled', reason: 'x' })
      const skipped = await endedRuns(t, 3, { to: 'skipped', reason: 'handler: nothing to do' })
      assertFields(await prune(t, [rule({ succeeded: 2, dead: 1 })]), { pruned: 2 + 2 + 1 + 1, more: false })
      assert.deepEqual(await kept(t, succeeded), [false, false, true, true])
      assert.deepEqual(await kept(t, dead), [false, false, true])
      assert.deepEqual(await kept(t, cancelled), [false, true, true])
      assert.deepEqual(await kept(t, skipped), [false, true, true])
      assertFields(await prune(t, [rule({ succeeded: 2, dead: 1 })]), { pruned: 0, more: false })
    }),
    both('keys are counted apart', async (t) => {
      await mailJob(t)
      const k = await endedRuns(t, 3, SUCCESS, 'k')
      const l = await endedRuns(t, 1, SUCCESS, 'l')
      await prune(t, [rule({ succeeded: 1 })])
      assert.deepEqual(await kept(t, k), [false, false, true])
      assert.deepEqual(await kept(t, l), [true])
    }),
    given('records older than forMs go, however few', async (t) => {
      await mailJob(t)
      const old = await endedRuns(t, 2)
      const oldDead = await endedRuns(t, 1, { to: 'dead', reason: 'x' })
      await t.pass(2 * DAY)
      await addOwner(t, 'a2', ['mail'])
      await enqueue(t, 'mail')
      await finish(t, await claimOne(t, 'a2'))
      await prune(t, [rule({ forMs: DAY })])
      assert.deepEqual(await kept(t, [...old, ...oldDead]), [false, false, false])
      assert.equal((await t.store.runs.find({ job: 'mail', limit: 10 })).runs.length, 1)
    }),
    given('a record is old when it is older than forMs, not before', async (t) => {
      await mailJob(t)
      const id = await enqueue(t, 'mail')
      await finish(t, await claimOne(t, 'a'))
      await t.pass(3_600_000)
      assert.deepEqual(await prune(t, [rule({ forMs: 3_600_000 })]), { pruned: 0, more: false })
      await t.pass(1)
      assert.deepEqual(await prune(t, [rule({ forMs: 3_600_000 })]), { pruned: 1, more: false })
      assert.deepEqual(await kept(t, [id]), [false])
    }),
    given('limit bounds pruning by age too', async (t) => {
      await mailJob(t)
      await endedRuns(t, 5)
      await t.pass(DAY)
      assert.deepEqual(await prune(t, [rule({ forMs: 1_000 })], 3), { pruned: 3, more: true })
      assertFields(await prune(t, [rule({ forMs: 1_000 })], 3), { pruned: 2 })
      assert.deepEqual(await prune(t, [rule({ forMs: 1_000 })], 3), { pruned: 0, more: false })
    }),
    given('live runs are never pruned, however old', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'], 10 * DAY)
      const lease = { leaseMs: 10 * DAY }
      await enqueue(t, 'mail', { gates: [mutexGate('m')] })
      const running = await claimOne(t, 'a', lease)
      const waiting = await enqueue(t, 'mail', { gates: [mutexGate('m')] })
      await claimIds(t, 'a', lease)
      const retrying = await enqueue(t, 'mail')
      await finish(t, await claimOne(t, 'a', lease), { to: 'retry', delayMs: 5 * DAY })
      const pending = await enqueue(t, 'mail')
      await t.pass(2 * DAY)
      assertFields(await prune(t, [rule({ succeeded: 0, dead: 0, forMs: 1 })]), { pruned: 0, more: false })
      assert.deepEqual(await kept(t, [running.id, waiting, retrying, pending]), [true, true, true, true])
    }),
    both('only jobs with a rule are pruned', async (t) => {
      await mailJob(t)
      await define(t, 'report')
      const mail = await endedRun(t, 'mail')
      const report = await endedRun(t, 'report')
      await prune(t, [rule({ succeeded: 0 })])
      assert.deepEqual(await kept(t, [mail, report]), [false, true])
    }),
    both('each call follows its own rules', async (t) => {
      await mailJob(t)
      await endedRuns(t, 5)
      await endedRuns(t, 3, { to: 'dead', reason: 'x' })
      assertFields(await prune(t, [rule({ succeeded: 3 })]), { pruned: 2, more: false })
      assertFields(await prune(t, [rule({ succeeded: 1 })]), { pruned: 2, more: false })
      assertFields(await prune(t, [rule({ succeeded: 1, dead: 2 })]), { pruned: 1, more: false })
      await endedRuns(t, 2)
      assertFields(await prune(t, [rule({ succeeded: 1, dead: 2 })]), { pruned: 2, more: false })
      assertFields(await prune(t, [rule({ succeeded: 1, dead: 0 })]), { pruned: 2, more: false })
      assert.equal((await t.store.runs.find({ job: 'mail', limit: 10 })).runs.length, 1)
    }),
    both('rules for jobs that are not there harm nothing', async (t) => {
      await mailJob(t)
      await endedRuns(t, 2)
      assertFields(await prune(t, [rule({ job: 'nobody', succeeded: 0 }), rule({ succeeded: 1 })]), { pruned: 1, more: false })
    }),
    both('limit bounds one call; more says that there is work left', async (t) => {
      await mailJob(t)
      await endedRuns(t, 7)
      assert.deepEqual(await prune(t, [rule({ succeeded: 1 })], 4), { pruned: 4, more: true })
      assertFields(await prune(t, [rule({ succeeded: 1 })], 4), { pruned: 2 })
      assert.deepEqual(await prune(t, [rule({ succeeded: 1 })], 4), { pruned: 0, more: false })
    }),
  ],
}
