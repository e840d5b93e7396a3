/** Cases: reading runs back, by id and by query, page by page. */
import assert from 'node:assert/strict'
import type { RunQuery } from '../../../store/runs.ts'
import { both, given, type CaseGroup } from '../conformance-case.ts'
import { addOwner, cancel, claimOne, enqueue, enqueueMany, finish } from '../run-steps.ts'
import { addSchedule, define, fireNext } from '../schedule-steps.ts'
import type { Trial } from '../trial.ts'

async function findIds(t: Trial, query: Partial<RunQuery>): Promise<readonly string[]> {
  return (await t.store.runs.find({ limit: 100, ...query })).runs.map((run) => run.id)
}

export const historyCases: CaseGroup = {
  name: 'history',
  cases: [
    both('get answers in the order asked, with null for what is not there', async (t) => {
      await define(t, 'mail')
      const [first, second] = [await enqueue(t, 'mail'), await enqueue(t, 'mail')]
      const { runs } = await t.store.runs.get({ ids: [second, t.nextId(), first, second] })
      assert.deepEqual(
        runs.map((run) => run?.id ?? null),
        [second, null, first, second],
      )
    }),
    both('find gives the newest first, at most limit', async (t) => {
      await define(t, 'mail')
      const ids: string[] = []
      for (let index = 0; index < 5; index++) {
        ids.push(await enqueue(t, 'mail', { priority: index % 2, delayMs: t.ms(index === 2 ? 600_000 : 0) }))
        await t.pass(10)
      }
      assert.deepEqual(await findIds(t, {}), [...ids].reverse())
      assert.deepEqual(await findIds(t, { limit: 2 }), [ids[4], ids[3]])
    }),
    given('pages after an id join up to the whole, each run once', async (t) => {
      await define(t, 'mail')
      const ids: string[] = []
      for (let batch = 0; batch < 5; batch++) {
        ids.push(...(await enqueueMany(t, 'mail', 9)))
        await t.pass(1)
      }
      const seen: string[] = []
      let after: string | undefined
      for (let page = 0; page < 20; page++) {
        const got = await findIds(t, { job: 'mail', after, limit: 7 })
        if (got.length === 0) break
        seen.push(...got)
        after = got.at(-1)
        // What comes in meanwhile is newer than any page to come.
        await enqueue(t, 'mail')
      }
      assert.deepEqual(seen, [...ids].reverse())
    }),
    both('a page goes on after a run that was pruned meanwhile', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const first = await enqueue(t, 'mail')
      await t.pass(10)
      const pruned = await enqueue(t, 'mail', { priority: 1 })
      await t.pass(10)
      const last = await enqueue(t, 'mail')
      const run = await claimOne(t, 'a', { limit: 1 })
      assert.equal(run.id, pruned)
      await finish(t, run)
      await t.store.runs.prune({ rules: [{ job: 'mail', succeeded: 0, dead: 0, forMs: 10 ** 9 }], limit: 10, ...t.at() })
      assert.deepEqual(await findIds(t, {}), [last, first])
      assert.deepEqual(await findIds(t, { after: pruned }), [first])
    }),
    both('filters narrow, and all of them must match', async (t) => {
      await define(t, 'mail')
      await define(t, 'report')
      await addOwner(t, 'a', ['mail', 'report'])
      const schedule = await addSchedule(t, 'mail', 'k')
      const slot = (await fireNext(t, schedule)).id
      await finish(t, await claimOne(t, 'a'))
      const dead = await enqueue(t, 'mail', { key: 'k' })
      await finish(t, await claimOne(t, 'a'), { to: 'dead', reason: 'x' })
      const pending = await enqueue(t, 'mail', { key: 'l' })
      const report = await enqueue(t, 'report', { key: 'k' })
      const cancelled = await enqueue(t, 'report')
      await cancel(t, cancelled)
      const sorted = async (query: Partial<RunQuery>): Promise<readonly string[]> => [...(await findIds(t, query))].sort()
      assert.deepEqual(await sorted({ job: 'mail' }), [slot, dead, pending].sort())
      assert.deepEqual(await sorted({ key: 'k' }), [slot, dead, report].sort())
      assert.deepEqual(await sorted({ job: 'mail', key: 'k' }), [slot, dead].sort())
      assert.deepEqual(await sorted({ states: ['dead', 'cancelled'] }), [dead, cancelled].sort())
      assert.deepEqual(await sorted({ states: ['dead'], job: 'report' }), [])
      assert.deepEqual(await sorted({ schedule: 'k' }), [slot])
      assert.deepEqual(await sorted({ job: 'mail', key: 'k', states: ['succeeded'] }), [slot])
      assert.deepEqual(await sorted({ job: 'nobody' }), [])
    }),
    both('createdAfter and createdBefore bound the time of creation', async (t) => {
      await define(t, 'mail')
      const first = await enqueue(t, 'mail')
      await t.pass(1_000)
      const lower = await t.now()
      await t.pass(100)
      const second = await enqueue(t, 'mail')
      await t.pass(100)
      const upper = await t.now()
      await t.pass(1_000)
      const third = await enqueue(t, 'mail')
      assert.deepEqual(await findIds(t, { createdAfter: lower, createdBefore: upper }), [second])
      assert.deepEqual(await findIds(t, { createdAfter: lower }), [third, second])
      assert.deepEqual(await findIds(t, { createdBefore: upper }), [second, first])
    }),
  ],
}
