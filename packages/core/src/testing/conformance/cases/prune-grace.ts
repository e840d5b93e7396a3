/** Cases: a run whose request may still be repeated is not pruned by count, up to a bound. */
import assert from 'node:assert/strict'
import { MAX_SPARED } from '../../../store/runs.ts'
import { both, given, type CaseGroup } from '../conformance-case.ts'
import { assertFields, assertLedgerSound, only } from '../expectations.ts'
import { DAY, endedRun, mailJob, prune, pruneSparing, rule } from '../prune-steps.ts'
import { claim, claimIds, claimOne, enqueueAll, enqueueMany, enqueueRequest, finish, settle, settlement, statesOf } from '../run-steps.ts'
import { addSchedule, fireNext, getSchedule } from '../schedule-steps.ts'
import type { Trial } from '../trial.ts'

const K = { job: 'mail', name: 'k' }
/** No case on the store's own clock outlives it. */
const GRACE = 600_000

/** Runs that all end at once. */
async function endMany(t: Trial, count: number): Promise<readonly string[]> {
  const ids = await enqueueMany(t, 'mail', count)
  for (let left = count; left > 0; ) {
    const claimed = await claim(t, 'a', { limit: left })
    const settlements = claimed.map(({ record }) => settlement(record))
    await t.store.runs.settle({ owner: 'a', settlements, ...t.at() })
    assert.ok(claimed.length > 0)
    left -= claimed.length
  }
  return ids
}

async function keptOf(t: Trial, ids: readonly string[]): Promise<number> {
  return (await statesOf(t, ids)).filter((state) => state !== null).length
}

export const pruneGraceCases: CaseGroup = {
  name: 'prune with a grace',
  cases: [
    both('a request that is repeated within the grace does not make its run again', async (t) => {
      await mailJob(t)
      const request = enqueueRequest(t, 'mail')
      const [first] = await enqueueAll(t, [request])
      await finish(t, await claimOne(t, 'a'))
      for (let count = 0; count < 3; count++) await endedRun(t, 'mail')
      assert.deepEqual(await pruneSparing(t, rule({ succeeded: 2 }), GRACE), { pruned: 0, more: false })
      assert.deepEqual(await enqueueAll(t, [request]), [first])
      assert.deepEqual(await claimIds(t, 'a'), [])
    }),
    both('a settlement that is repeated within the grace is settled', async (t) => {
      await mailJob(t)
      await enqueueAll(t, [enqueueRequest(t, 'mail')])
      const run = await claimOne(t, 'a')
      await finish(t, run)
      await endedRun(t, 'mail')
      await pruneSparing(t, rule({ succeeded: 1 }), GRACE)
      assertFields(await settle(t, run), { status: 'settled' })
    }),
    both('runs of every state and key are spared', async (t) => {
      await mailJob(t)
      const ids: string[] = []
      for (const key of ['', 'k']) {
        for (const then of [
          { to: 'succeeded', result: null },
          { to: 'dead', reason: 'x' },
          { to: 'cancelled', reason: 'x' },
          { to: 'skipped', reason: 'handler: nothing to do' },
        ] as const)
          ids.push(await endedRun(t, 'mail', then, key), await endedRun(t, 'mail', then, key))
      }
      const none = rule({ succeeded: 0, dead: 0 })
      assert.deepEqual(await pruneSparing(t, none, GRACE), { pruned: 0, more: false })
      assert.equal(await keptOf(t, ids), 16)
      // Without a grace, what was spared goes.
      assert.deepEqual(await prune(t, [none]), { pruned: 16, more: false })
    }),
    both('the record of a slot is not spared: its cursor guards it', async (t) => {
      await mailJob(t)
      await addSchedule(t, 'mail', 'k')
      for (let slot = 0; slot < 4; slot++) {
        await fireNext(t, K)
        await finish(t, await claimOne(t, 'a'))
      }
      assert.deepEqual(await pruneSparing(t, rule({ succeeded: 1 }), GRACE), { pruned: 3, more: false })
      assertFields(await getSchedule(t, K), { folded: { succeeded: 3 } })
      await assertLedgerSound(t, K)
    }),
    given('what was spared goes when its grace is over, though nothing else ended', async (t) => {
      await mailJob(t)
      const early = [await endedRun(t, 'mail'), await endedRun(t, 'mail', { to: 'succeeded', result: null }, 'k')]
      await t.pass(30_000)
      const late = [await endedRun(t, 'mail'), await endedRun(t, 'mail', { to: 'succeeded', result: null }, 'k')]
      const none = rule({ succeeded: 0 })
      for (let look = 0; look < 3; look++) {
        assert.deepEqual(await pruneSparing(t, none, 60_000), { pruned: 0, more: false })
        await t.pass(9_000)
      }
      await t.pass(3_000)
      assert.deepEqual(await pruneSparing(t, none, 60_000), { pruned: 2, more: false })
      assert.deepEqual([await keptOf(t, early), await keptOf(t, late)], [0, 2])
      assert.deepEqual(await pruneSparing(t, none, 60_000), { pruned: 0, more: false })
      await t.pass(30_000)
      assert.deepEqual(await pruneSparing(t, none, 60_000), { pruned: 2, more: false })
      assert.deepEqual((await t.store.runs.find({ job: 'mail', limit: 10 })).runs, [])
    }),
    given('a run is spared for less than the grace, not for longer', async (t) => {
      await mailJob(t)
      await enqueueAll(t, [enqueueRequest(t, 'mail')])
      await finish(t, await claimOne(t, 'a'))
      await t.pass(59_999)
      assertFields(await pruneSparing(t, rule({ succeeded: 0 }), 60_000), { pruned: 0 })
      await t.pass(1)
      assertFields(await pruneSparing(t, rule({ succeeded: 0 }), 60_000), { pruned: 1 })
    }),
    given('calls with another grace, and limits, leave nothing behind', async (t) => {
      await mailJob(t)
      const ids: string[] = []
      for (const [round, graceMs] of [60_000, 20_000, 90_000, 40_000, 0, 90_000].entries()) {
        for (const key of ['', 'k', 'l']) {
          if (key !== 'l' || round % 2 === 0) ids.push(await endedRun(t, 'mail', { to: 'succeeded', result: null }, key))
        }
        await t.pass(10_000)
        for (let left = true; left; ) left = (await pruneSparing(t, rule({ succeeded: 1 }), graceMs, 1)).more
        await t.pass(10_000)
      }
      assert.ok((await keptOf(t, ids)) > 3)
      await t.pass(90_000)
      for (let left = true; left; ) left = (await pruneSparing(t, rule({ succeeded: 1 }), 60_000, 1)).more
      assert.equal(await keptOf(t, ids), 3)
    }),
    given('by age they go', async (t) => {
      await mailJob(t)
      await endedRun(t, 'mail')
      await t.pass(10_000)
      assert.deepEqual(await pruneSparing(t, rule({ forMs: 5_000 }), DAY), { pruned: 1, more: false })
    }),
    given('the newest of too many are spared, and those that the rule keeps', async (t) => {
      await mailJob(t)
      const ids = await endMany(t, MAX_SPARED)
      await t.pass(10)
      const newest = await endMany(t, 7)
      const one = rule({ succeeded: 3 })
      assertFields(await pruneSparing(t, one, 60_000, 2), { pruned: 2, more: true })
      let pruned = 2
      for (let more = true; more; ) {
        const reply = await pruneSparing(t, one, 60_000, 100)
        pruned += reply.pruned
        more = reply.more
      }
      assert.equal(pruned, 4)
      assert.deepEqual([await keptOf(t, ids), await keptOf(t, newest)], [MAX_SPARED - 4, 7])
      await t.pass(60_000)
      for (let more = true; more; ) more = (await pruneSparing(t, one, 60_000)).more
      assert.deepEqual([await keptOf(t, ids), await keptOf(t, newest)], [0, 3])
      assert.equal(only(await statesOf(t, newest.slice(-1)), 'states'), 'succeeded')
    }),
  ],
}
