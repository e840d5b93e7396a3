/** Cases: which runs a claim takes, in which order, and that none is taken twice. */
import assert from 'node:assert/strict'
import { both, given, type CaseGroup } from '../conformance-case.ts'
import { assertFields, assertInstant, present } from '../expectations.ts'
import { addOwner, claim, claimIds, claimOne, claimRecords, enqueue, enqueueMany, finish, getRun } from '../run-steps.ts'
import { define } from '../schedule-steps.ts'

export const claimCases: CaseGroup = {
  name: 'claim',
  cases: [
    both('a claimed run is running and leased to its owner', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const id = await enqueue(t, 'mail', { payload: '1' })
      const { value: record, ...span } = await t.timed(() => claimOne(t, 'a'))
      assertFields(record, { id, state: 'running', owner: 'a', attempt: 1, failures: 0, payload: '1', finishedAt: null })
      assertInstant(record.startedAt, span)
      assert.ok(
        Number.isSafeInteger(record.fence) && record.fence >= span.from * 1_000,
        `fence ${record.fence} is at least the store's time in µs`,
      )
      assert.deepEqual(await getRun(t, id), record)
      assert.deepEqual((await t.store.runs.held({ owner: 'a' })).runs, [record])
    }),
    both('a run is claimed once', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      await addOwner(t, 'b', ['mail'])
      const ids = await enqueueMany(t, 'mail', 20)
      const claimed = (await Promise.all(['a', 'b', 'a', 'b', 'a', 'b'].map((owner) => claimIds(t, owner, { limit: 7 })))).flat()
      assert.deepEqual([...claimed].sort(), [...ids].sort())
      assert.deepEqual(await claimIds(t, 'a'), [])
    }),
    both('runs that are not due are left alone', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      await enqueue(t, 'mail', { delayMs: t.ms(600_000), priority: 9 })
      const due = await enqueue(t, 'mail')
      assert.deepEqual(await claimIds(t, 'a'), [due])
    }),
    given('a run is claimable at the very instant of runAt', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const id = await enqueue(t, 'mail', { delayMs: 1_000 })
      await t.pass(999)
      assert.deepEqual(await claimIds(t, 'a'), [])
      await t.pass(1)
      assert.deepEqual(await claimIds(t, 'a'), [id])
    }),
    both('higher priority comes first, then the earlier runAt', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const now = await t.now()
      const low = await enqueue(t, 'mail', { priority: -1, runAt: now - 9 })
      const late = await enqueue(t, 'mail', { priority: 0, runAt: now - 1 })
      const high = await enqueue(t, 'mail', { priority: 5, runAt: now })
      const early = await enqueue(t, 'mail', { priority: 0, runAt: now - 5 })
      assert.deepEqual(await claimIds(t, 'a', { limit: 1 }), [high])
      assert.deepEqual(await claimIds(t, 'a', { limit: 2 }), [early, late])
      assert.deepEqual(await claimIds(t, 'a', { limit: 5 }), [low])
    }),
    both('limit bounds a claim, start says how many start', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      await enqueueMany(t, 'mail', 5)
      const claimed = await claim(t, 'a', { limit: 3, start: 2 })
      assert.deepEqual(
        claimed.map((run) => run.started),
        [true, true, false],
      )
      assert.equal((await claim(t, 'a', { limit: 10, start: 0 })).filter((run) => run.started).length, 0)
    }),
    both('perJob bounds single jobs, others are bounded by limit only', async (t) => {
      await define(t, 'mail')
      await define(t, 'report')
      await addOwner(t, 'a', ['mail', 'report'])
      await enqueueMany(t, 'mail', 5)
      await enqueueMany(t, 'report', 5)
      const jobs = (await claimRecords(t, 'a', { limit: 10, perJob: { mail: 2 } })).map((run) => run.job)
      assert.equal(jobs.filter((job) => job === 'mail').length, 2)
      assert.equal(jobs.filter((job) => job === 'report').length, 5)
      assert.equal((await claim(t, 'a', { limit: 10, perJob: { mail: 0 } })).length, 0)
      assert.equal((await claim(t, 'a', { limit: 10 })).length, 3)
    }),
    both('runs of jobs that the owner does not know are never claimed, and block nothing', async (t) => {
      await define(t, 'mail')
      await define(t, 'unknown')
      await addOwner(t, 'a', ['mail'])
      await enqueueMany(t, 'unknown', 50, { priority: 9 })
      const known = await enqueue(t, 'mail', { priority: -9 })
      assert.deepEqual(await claimIds(t, 'a', { limit: 2 }), [known])
      assert.deepEqual(await claimIds(t, 'a', { limit: 2 }), [])
      await addOwner(t, 'b', ['unknown'])
      assert.equal((await claimIds(t, 'b', { limit: 60 })).length, 50)
    }),
    both('runs of jobs that the owner no longer declares are left to others', async (t) => {
      await define(t, 'mail')
      await define(t, 'report')
      await addOwner(t, 'a', ['mail', 'report'])
      const before = await enqueue(t, 'mail')
      await addOwner(t, 'a', ['report'])
      const after = await enqueue(t, 'mail', { delayMs: t.ms(3_000) })
      assert.deepEqual(await claimIds(t, 'a'), [])
      await addOwner(t, 'b', ['mail'])
      assert.deepEqual(await claimIds(t, 'b'), [before])
      await addOwner(t, 'a', ['mail', 'report'])
      await t.pass(3_000)
      assert.deepEqual(await claimIds(t, 'a'), [after])
    }),
    given('a job with many runs does not starve another', async (t) => {
      await define(t, 'busy')
      await define(t, 'quiet')
      await addOwner(t, 'a', ['busy', 'quiet'])
      await enqueueMany(t, 'busy', 100)
      await t.pass(1_000)
      const quiet = await enqueue(t, 'quiet')
      const claimed: string[] = []
      for (let round = 0; round < 3; round++) claimed.push(...(await claimIds(t, 'a', { limit: 5 })))
      assert.equal(claimed.length, 15)
      assert.ok(claimed.includes(quiet), 'three claims of five went by without the job that has one run')
    }),
    both('an owner that nobody knows claims nothing', async (t) => {
      await define(t, 'mail')
      await enqueue(t, 'mail')
      assert.deepEqual(await claimIds(t, 'nobody'), [])
    }),
    both('fences grow with every claim and pass the highest one seen', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      await enqueue(t, 'mail')
      let last = 0
      for (let round = 0; round < 4; round++) {
        const run = await claimOne(t, 'a')
        assert.ok(run.fence > last, `fence ${run.fence} is above ${last}`)
        last = run.fence
        await finish(t, run, { to: 'retry', delayMs: 0 })
      }
      const seen = last + 5_000_000_000
      const ahead = await claimOne(t, 'a', { seenFence: seen })
      assert.ok(ahead.fence > seen, `fence ${ahead.fence} is above the seen ${seen}`)
      await finish(t, ahead, { to: 'retry', delayMs: 0 })
      assert.ok((await claimOne(t, 'a')).fence > ahead.fence, 'it does not go back afterwards')
    }),
    both('fences grow over all runs', async (t) => {
      await define(t, 'mail')
      await define(t, 'report')
      await addOwner(t, 'a', ['mail'])
      await addOwner(t, 'b', ['report'])
      let last = 0
      for (const [owner, job] of [
        ['a', 'mail'],
        ['b', 'report'],
        ['b', 'report'],
        ['a', 'mail'],
      ] as const) {
        await enqueue(t, job)
        const { fence } = await claimOne(t, owner)
        assert.ok(fence > last, `fence ${fence} is above ${last}`)
        last = fence
      }
    }),
    given('fences do not go back when the clock does', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const id = await enqueue(t, 'mail', { runAt: (await t.now()) - 10_000_000 })
      const first = await claimOne(t, 'a')
      await finish(t, first, { to: 'released' })
      const backward = present(t.at().now, 'now') - 3_600_000
      const { runs } = await t.store.runs.claim({ owner: 'a', leaseMs: 600_000, limit: 1, start: 1, seenFence: 0, now: backward })
      const again = present(runs[0], 'claimed run').record
      assert.equal(again.id, id)
      assert.ok(again.fence > first.fence, `fence ${again.fence} is above ${first.fence}`)
    }),
    both('a rate limit bounds claims in each window, which opens with a claim', async (t) => {
      await define(t, 'mail', { rateLimit: { max: 2, perMs: t.ms(3_000) } })
      await addOwner(t, 'a', ['mail'])
      await addOwner(t, 'b', ['mail'])
      await enqueueMany(t, 'mail', 6)
      await t.pass(2_000)
      assert.equal((await claim(t, 'a', { limit: 1 })).length, 1)
      assert.equal((await claim(t, 'b')).length, 1, 'the limit holds over all owners')
      assert.equal((await claim(t, 'a')).length, 0)
      await t.pass(3_001)
      assert.equal((await claim(t, 'a')).length, 2)
      assert.equal((await claim(t, 'b')).length, 0)
    }),
    both('what a rate limit let through counts, though nothing of the job is left in line', async (t) => {
      await define(t, 'mail', { rateLimit: { max: 2, perMs: t.ms(600_000) } })
      await addOwner(t, 'a', ['mail'])
      await enqueueMany(t, 'mail', 2)
      assert.equal((await claim(t, 'a', { limit: 10 })).length, 2)
      await enqueueMany(t, 'mail', 2)
      assert.equal((await claim(t, 'a', { limit: 10 })).length, 0)
    }),
    both('what a rate limit let through counts, though others had more to claim', async (t) => {
      await define(t, 'mail', { rateLimit: { max: 1, perMs: t.ms(600_000) } })
      await define(t, 'report')
      await addOwner(t, 'a', ['mail', 'report'])
      await enqueue(t, 'mail')
      await enqueueMany(t, 'report', 30)
      assert.equal((await claim(t, 'a', { limit: 20 })).length, 20)
      const late = await enqueue(t, 'mail', { priority: 9 })
      const second = await claimRecords(t, 'a', { limit: 20 })
      assert.ok(second.every(({ id }) => id !== late))
    }),
    given('a window of a rate limit lasts exactly perMs', async (t) => {
      await define(t, 'mail', { rateLimit: { max: 1, perMs: 3_000 } })
      await addOwner(t, 'a', ['mail'])
      await enqueueMany(t, 'mail', 3)
      assert.equal((await claim(t, 'a')).length, 1)
      await t.pass(2_999)
      assert.equal((await claim(t, 'a')).length, 0)
      await t.pass(1)
      assert.equal((await claim(t, 'a')).length, 1)
    }),
    both('runs of a rate-limited job stay pending and do not keep others from being claimed', async (t) => {
      await define(t, 'mail', { rateLimit: { max: 1, perMs: t.ms(600_000) } })
      await define(t, 'report')
      await addOwner(t, 'a', ['mail', 'report'])
      const limited = await enqueueMany(t, 'mail', 20, { priority: 9 })
      const report = await enqueue(t, 'report')
      const first = await claimRecords(t, 'a', { limit: 2 })
      assert.equal(first.length, 2)
      assert.ok(first.some((run) => run.id === report))
      const { runs } = await t.store.runs.get({ ids: limited })
      assert.equal(runs.filter((run) => run?.state === 'pending').length, 19)
    }),
    both('a changed rate limit holds from then on', async (t) => {
      const perMs = t.ms(600_000)
      const first = await define(t, 'mail', { rateLimit: { max: 1, perMs } })
      await addOwner(t, 'a', ['mail'])
      await enqueueMany(t, 'mail', 6)
      assert.equal((await claim(t, 'a')).length, 1)
      const second = await define(t, 'mail', { hash: 'v2', expectedGeneration: first, rateLimit: { max: 3, perMs } })
      assert.equal((await claim(t, 'a')).length, 2)
      await define(t, 'mail', { hash: 'v3', expectedGeneration: second, rateLimit: null })
      assert.equal((await claim(t, 'a')).length, 3)
    }),
  ],
}
