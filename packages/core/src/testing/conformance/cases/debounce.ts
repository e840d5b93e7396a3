/** Cases: triggers close together share a run, and none is lost. */
import assert from 'node:assert/strict'
import { MAX_MERGING } from '../../../store/runs.ts'
import { both, given, type CaseGroup } from '../conformance-case.ts'
import { assertFields, assertInstant, only } from '../expectations.ts'
import { claimIds, claimOne, enqueueAll, enqueueRequest, finish, getRun, trigger } from '../run-steps.ts'
import { debounce, debounced, indexJob } from '../debounce-steps.ts'

export const debounceCases: CaseGroup = {
  name: 'debounce',
  cases: [
    both('triggers close together share one run, which starts after the last', async (t) => {
      await indexJob(t)
      const { value: first, ...start } = await t.timed(() => debounced(t))
      assert.equal(first.outcome, 'created')
      assertFields(await getRun(t, first.id), { state: 'pending', trigger: 'debounce', open: true, triggers: 1 })
      assertInstant((await getRun(t, first.id)).runAt, start, t.ms(3_000))
      await t.pass(1_000)
      const { value: second, ...next } = await t.timed(() => debounced(t))
      assertFields(second, { outcome: 'coalesced', id: first.id })
      assertFields(await getRun(t, first.id), { open: true, triggers: 2 })
      assertInstant((await getRun(t, first.id)).runAt, next, t.ms(3_000))
      assert.deepEqual(await claimIds(t, 'a'), [])
      await t.pass(3_001)
      assert.deepEqual(await claimIds(t, 'a'), [first.id])
    }),
    both('a request that stands for many calls counts them all', async (t) => {
      await indexJob(t)
      const first = await trigger(t, 'index', { key: 'k', triggers: 5, debounce: debounce(t) })
      await trigger(t, 'index', { key: 'k', triggers: 7, debounce: debounce(t) })
      assert.equal((await getRun(t, first.id)).triggers, 12)
    }),
    both('maxWait bounds the delay from the first trigger on', async (t) => {
      await indexJob(t)
      const options = { waitMs: 2_000, maxWaitMs: 3_000 }
      const { value: first, ...start } = await t.timed(() => debounced(t, options))
      assertInstant((await getRun(t, first.id)).runAt, start, t.ms(2_000))
      await t.pass(1_500)
      assertFields(await debounced(t, options), { outcome: 'coalesced', id: first.id })
      assertInstant((await getRun(t, first.id)).runAt, start, t.ms(3_000))
    }),
    both('the same debounced request again is counted once', async (t) => {
      await indexJob(t)
      const request = enqueueRequest(t, 'index', { key: 'k', payload: '1', merging: ['1'], debounce: debounce(t, { merge: 'list' }) })
      await enqueueAll(t, [request])
      assert.equal(only(await enqueueAll(t, [request]), 'reply').id, request.id)
      assertFields(await getRun(t, request.id), { triggers: 1, merging: ['1'] })
    }),
    both('keys do not share runs', async (t) => {
      await indexJob(t)
      const first = await debounced(t, {}, null, 'k')
      const second = await debounced(t, {}, null, 'l')
      assert.equal(second.outcome, 'created')
      assert.notEqual(second.id, first.id)
    }),
    both('a plain trigger does not join an open run', async (t) => {
      await indexJob(t)
      const open = await debounced(t)
      const plain = await trigger(t, 'index', { key: 'k' })
      assert.equal(plain.outcome, 'created')
      assert.deepEqual(await claimIds(t, 'a'), [plain.id])
      assertFields(await getRun(t, open.id), { open: true, triggers: 1 })
    }),
    both('merge last keeps the newest payload, merge first the oldest', async (t) => {
      await indexJob(t)
      for (const [merge, expected] of [
        ['last', '3'],
        ['first', '1'],
      ] as const) {
        const first = await debounced(t, { merge }, '1', merge)
        await debounced(t, { merge }, '2', merge)
        await debounced(t, { merge }, '3', merge)
        assertFields(await getRun(t, first.id), { payload: expected, triggers: 3 })
      }
    }),
    both('merge list keeps every payload, oldest first', async (t) => {
      await indexJob(t)
      const first = await debounced(t, { merge: 'list' }, '1')
      await debounced(t, { merge: 'list' }, '2')
      await trigger(t, 'index', { key: 'k', payload: '4', merging: ['3', '4'], triggers: 2, debounce: debounce(t, { merge: 'list' }) })
      assertFields(await getRun(t, first.id), { merging: ['1', '2', '3', '4'], triggers: 4 })
      await t.pass(3_001)
      assertFields(await claimOne(t, 'a'), { id: first.id, merging: ['1', '2', '3', '4'] })
    }),
    given('a full list closes its run; the next trigger opens another', async (t) => {
      await indexJob(t)
      const ids: string[] = []
      for (let index = 0; index < MAX_MERGING + 2; index++) ids.push((await debounced(t, { merge: 'list' }, String(index))).id)
      assert.equal(new Set(ids.slice(0, MAX_MERGING)).size, 1)
      assert.equal(new Set(ids).size, 2)
      const [full, next] = [await getRun(t, ids[0] ?? ''), await getRun(t, ids.at(-1) ?? '')]
      assertFields(full, { open: false, triggers: MAX_MERGING, state: 'pending' })
      assertFields(next, { open: true, triggers: 2, merging: [String(MAX_MERGING), String(MAX_MERGING + 1)] })
      await t.pass(3_001)
      assert.deepEqual([...(await claimIds(t, 'a'))].sort(), [full.id, next.id].sort())
    }),
    given('a request that brings a full list makes a closed run', async (t) => {
      await indexJob(t)
      const merging = Array.from({ length: MAX_MERGING }, (_, index) => String(index))
      const full = await trigger(t, 'index', { key: 'k', merging, triggers: MAX_MERGING, debounce: debounce(t, { merge: 'list' }) })
      assertFields(await getRun(t, full.id), { open: false, merging })
      assert.equal((await debounced(t, { merge: 'list' }, '1')).outcome, 'created')
    }),
    given('no payload of a list is lost when batches overflow it', async (t) => {
      await indexJob(t)
      const sent: string[] = []
      for (let batch = 0; batch < 9; batch++) {
        const merging = Array.from({ length: 20 }, (_, index) => String(batch * 20 + index))
        sent.push(...merging)
        await trigger(t, 'index', {
          key: 'k',
          payload: merging.at(-1) ?? null,
          merging,
          triggers: 20,
          debounce: debounce(t, { merge: 'list' }),
        })
      }
      const { runs } = await t.store.runs.find({ job: 'index', limit: 100 })
      const oldestFirst = [...runs].reverse()
      assert.deepEqual(
        oldestFirst.flatMap((run) => run.merging ?? []),
        sent,
      )
      assert.equal(
        runs.reduce((sum, run) => sum + run.triggers, 0),
        sent.length,
      )
      assert.ok(runs.length > 1, 'the list is bounded')
      for (const run of runs) assert.ok((run.merging ?? []).length <= MAX_MERGING)
      for (const run of oldestFirst.slice(0, -1)) assertFields(run, { open: false })
    }),
    both('leading: the first trigger of a quiet key runs at once, the rest of its window share one run', async (t) => {
      await indexJob(t)
      const { value: lead, ...start } = await t.timed(() => debounced(t, { leading: true }, '1'))
      assert.equal(lead.outcome, 'created')
      assertInstant((await getRun(t, lead.id)).runAt, start)
      assert.deepEqual(await claimIds(t, 'a'), [lead.id])
      await t.pass(1_000)
      const trail = await debounced(t, { leading: true }, '2')
      assert.equal(trail.outcome, 'created')
      assertFields(await debounced(t, { leading: true }, '3'), { outcome: 'coalesced', id: trail.id })
      assert.deepEqual(await claimIds(t, 'a'), [], 'the trailing run waits for the end of the window')
      assertFields(await getRun(t, trail.id), { triggers: 2, payload: '3' })
      await t.pass(4_500)
      assert.deepEqual(await claimIds(t, 'a'), [trail.id])
    }),
    both('leading without trailing: triggers inside the window are dropped, the window ends', async (t) => {
      await indexJob(t)
      const options = { leading: true, trailing: false }
      const lead = await debounced(t, options)
      const running = await claimOne(t, 'a')
      assertFields(await debounced(t, options), { outcome: 'dropped', id: lead.id })
      await finish(t, running)
      assertFields(await debounced(t, options), { outcome: 'dropped', id: lead.id })
      assert.equal((await t.store.runs.find({ job: 'index', limit: 10 })).runs.length, 1)
      await t.pass(6_500)
      const again = await debounced(t, options)
      assert.equal(again.outcome, 'created')
      assert.deepEqual(await claimIds(t, 'a'), [again.id])
    }),
    both('a storm of concurrent triggers makes one run that counts them all', async (t) => {
      await indexJob(t)
      const replies = await Promise.all(Array.from({ length: 50 }, () => debounced(t)))
      assert.equal(new Set(replies.map((reply) => reply.id)).size, 1)
      assert.equal(replies.filter((reply) => reply.outcome === 'created').length, 1)
      const { runs } = await t.store.runs.find({ job: 'index', limit: 10 })
      assertFields(only(runs, 'runs'), { triggers: 50 })
    }),
  ],
}
