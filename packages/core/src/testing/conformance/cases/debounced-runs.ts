/** Cases: a debounced run through its life: no trigger is lost to one that has started, failed or waits. */
import assert from 'node:assert/strict'
import { both, given, type CaseGroup } from '../conformance-case.ts'
import { assertFields, assertInstant } from '../expectations.ts'
import { addOwner, claim, claimIds, claimOne, finish, getRun, LEASE_END, renew, SHORT_LEASE, shortLease, trigger } from '../run-steps.ts'
import { define } from '../schedule-steps.ts'
import { debounce, debounced, indexJob } from '../debounce-steps.ts'

export const debouncedRunCases: CaseGroup = {
  name: 'debounced runs',
  cases: [
    both('a trigger that arrives while the run runs leads to one more run', async (t) => {
      await indexJob(t)
      const first = await debounced(t, {}, '1')
      await t.pass(3_001)
      const running = await claimOne(t, 'a')
      assertFields(running, { id: first.id, open: false })
      const second = await debounced(t, {}, '2')
      assert.equal(second.outcome, 'created')
      assert.notEqual(second.id, first.id)
      assertFields(await debounced(t, {}, '3'), { outcome: 'coalesced', id: second.id })
      assertFields(await getRun(t, first.id), { payload: '1', triggers: 1 })
      await finish(t, running)
      await t.pass(3_001)
      assertFields(await claimOne(t, 'a'), { id: second.id, payload: '3', triggers: 2 })
    }),
    both('a run that failed and waits for its retry takes no more triggers in', async (t) => {
      await indexJob(t)
      const first = await debounced(t)
      await t.pass(3_001)
      const running = await claimOne(t, 'a')
      const during = await debounced(t)
      await finish(t, running, { to: 'retry', delayMs: 0 })
      assertFields(await getRun(t, first.id), { state: 'pending', open: false })
      assertFields(await debounced(t), { outcome: 'coalesced', id: during.id })
      assert.deepEqual(await claimIds(t, 'a'), [first.id])
    }),
    both('an open run that waits at a gate takes triggers in, and its time starts anew', async (t) => {
      await indexJob(t)
      const gates = ['mutex:m']
      await trigger(t, 'index', { key: 'other', gates })
      const holder = await claimOne(t, 'a')
      const open = await trigger(t, 'index', { key: 'k', gates, debounce: debounce(t) })
      await t.pass(3_001)
      assert.deepEqual(await claimIds(t, 'a'), [])
      const { value: again, ...span } = await t.timed(() => trigger(t, 'index', { key: 'k', gates, debounce: debounce(t) }))
      assertFields(again, { outcome: 'coalesced', id: open.id })
      assertInstant((await getRun(t, open.id)).runAt, span, t.ms(3_000))
      await finish(t, holder)
      assert.deepEqual(await claimIds(t, 'a'), [])
      await t.pass(3_001)
      assertFields(await claimOne(t, 'a'), { id: open.id, triggers: 2 })
    }),
    both('an open run that waits at a gate is not put off beyond its maxWait', async (t) => {
      await indexJob(t)
      const gates = ['mutex:m']
      const options = debounce(t, { waitMs: 2_000, maxWaitMs: 3_000 })
      await trigger(t, 'index', { key: 'other', gates })
      const holder = await claimOne(t, 'a')
      const open = await trigger(t, 'index', { key: 'k', gates, debounce: options })
      await t.pass(3_001)
      assert.deepEqual(await claimIds(t, 'a'), [])
      assertFields(await trigger(t, 'index', { key: 'k', gates, debounce: options }), { outcome: 'coalesced', id: open.id })
      await finish(t, holder)
      assertFields(await claimOne(t, 'a'), { id: open.id, triggers: 2 })
    }),
    both('a run taken from a dead owner takes no more triggers in', async (t) => {
      await indexJob(t)
      await addOwner(t, 'b', ['index'], SHORT_LEASE)
      const first = await debounced(t, { waitMs: 0 })
      assert.equal((await claimOne(t, 'b', shortLease(t))).id, first.id)
      await t.pass(LEASE_END)
      await renew(t, 'a')
      assertFields(await getRun(t, first.id), { state: 'pending', open: false })
      const second = await debounced(t)
      assert.equal(second.outcome, 'created')
      assert.notEqual(second.id, first.id)
    }),
    both('a cancelled open run takes no more triggers in', async (t) => {
      await indexJob(t)
      const first = await debounced(t)
      await t.store.runs.cancel({ runs: [{ id: first.id, reason: 'no' }], ...t.at() })
      const second = await debounced(t)
      assert.equal(second.outcome, 'created')
      assertFields(await getRun(t, first.id), { state: 'cancelled', triggers: 1 })
    }),
    given('whatever claims do meanwhile, every trigger is answered by a run that starts after it', async (t) => {
      for (const seed of t.seeds) {
        const job = `index${seed}`
        await define(t, job)
        await addOwner(t, job, [job])
        const random = t.random(seed)
        const answeredBy: string[] = []
        const startedBefore = new Map<string, number>()
        for (let step = 0; step < 120; step++) {
          if (random() < 0.5) {
            const reply = await trigger(t, job, { debounce: debounce(t, { waitMs: 500, maxWaitMs: 1_500 }) })
            assert.equal(startedBefore.has(reply.id), false, `trigger ${answeredBy.length} joined a run that had started`)
            answeredBy.push(reply.id)
          } else {
            for (const { record } of await claim(t, job)) {
              startedBefore.set(record.id, step)
              if (random() < 0.7) await finish(t, record)
              else await finish(t, record, { to: 'retry', delayMs: t.ms(random() * 1_000) })
            }
          }
          await t.pass(Math.floor(random() * 400))
        }
        await t.pass(10_000)
        for (const { record } of await claim(t, job, { limit: 100 })) startedBefore.set(record.id, 999)
        for (const id of answeredBy) assert.ok(startedBefore.has(id), `run ${id} never started`)
      }
    }),
  ],
}
