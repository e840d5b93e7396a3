/** Cases: runs by request, and repeated requests. */
import assert from 'node:assert/strict'
import { keyGate, mutexGate } from '../../../store/gates.ts'
import type { EnqueueRequest } from '../../../store/runs.ts'
import { both, given, type CaseGroup } from '../conformance-case.ts'
import { assertFields, assertInstant, only } from '../expectations.ts'
import {
  addOwner,
  cancel,
  claimIds,
  claimOne,
  countRuns,
  enqueue,
  enqueueAll,
  enqueueRequest,
  finish,
  getRun,
  trigger,
} from '../run-steps.ts'
import { define } from '../schedule-steps.ts'

export const enqueueCases: CaseGroup = {
  name: 'enqueue',
  cases: [
    both('a request makes a pending run with what it says', async (t) => {
      await define(t, 'mail')
      const request = enqueueRequest(t, 'mail', {
        key: 'k',
        payload: '{"to":"x"}',
        triggers: 3,
        priority: -2,
        overlap: 'queue',
        gates: ['key:mail/k', 'mutex:m'],
      })
      const { value: replies, ...span } = await t.timed(() => enqueueAll(t, [request]))
      assertFields(only(replies, 'reply'), { outcome: 'created', id: request.id })
      const run = await getRun(t, request.id)
      assertFields(run, {
        job: 'mail',
        key: 'k',
        state: 'pending',
        trigger: 'manual',
        schedule: null,
        slot: null,
        payload: '{"to":"x"}',
        merging: null,
        priority: -2,
        startedAt: null,
        finishedAt: null,
        overlap: 'queue',
        gates: ['key:mail/k', 'mutex:m'],
        attempt: 0,
        failures: 0,
        crashes: 0,
        suspect: false,
        owner: null,
        open: false,
        triggers: 3,
        cancelRequested: null,
        result: null,
        error: null,
        attempts: [],
        replayOf: null,
        trace: null,
      })
      assertInstant(run.createdAt, span)
      assertInstant(run.runAt, span)
    }),
    both("a delay counts from the store's now", async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const { value: id, ...span } = await t.timed(() => enqueue(t, 'mail', { delayMs: t.ms(3_000) }))
      assertInstant((await getRun(t, id)).runAt, span, t.ms(3_000))
      assert.deepEqual(await claimIds(t, 'a'), [])
      await t.pass(3_001)
      assert.deepEqual(await claimIds(t, 'a'), [id])
    }),
    both('an absolute runAt is taken as it is', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const now = await t.now()
      const past = await enqueue(t, 'mail', { runAt: now - t.ms(5_000) })
      const future = await enqueue(t, 'mail', { runAt: now + t.ms(600_000) })
      assert.equal((await getRun(t, past)).runAt, now - t.ms(5_000))
      assert.equal((await getRun(t, future)).runAt, now + t.ms(600_000))
      assert.deepEqual(await claimIds(t, 'a'), [past])
    }),
    both('replies come in the order of the requests', async (t) => {
      await define(t, 'mail')
      await define(t, 'report')
      const requests = [enqueueRequest(t, 'report'), enqueueRequest(t, 'mail'), enqueueRequest(t, 'report')]
      assert.deepEqual(
        (await enqueueAll(t, requests)).map((reply) => reply.id),
        requests.map((request) => request.id),
      )
    }),
    both('the same request again makes no second run', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const request = enqueueRequest(t, 'mail', { payload: '1' })
      await enqueueAll(t, [request])
      assert.equal(only(await enqueueAll(t, [request]), 'reply').id, request.id)
      assert.equal(await countRuns(t, 'mail'), 1)
      await finish(t, await claimOne(t, 'a'))
      await enqueueAll(t, [request])
      assert.equal((await getRun(t, request.id)).state, 'succeeded', 'nor does it start a finished run again')
      assert.deepEqual(await claimIds(t, 'a'), [])
    }),
    both('a replay names its original and carries the slot along', async (t) => {
      await define(t, 'mail')
      const original = await enqueue(t, 'mail')
      const slot = (await t.now()) - t.ms(60_000)
      const replay = await enqueue(t, 'mail', { trigger: 'replay', replayOf: original, slot })
      assertFields(await getRun(t, replay), { trigger: 'replay', replayOf: original, slot, schedule: null, state: 'pending' })
    }),
    both('a trace stays with its run, whatever becomes of it', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const trace = '{"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01","requestId":"r/ü\\"1"}'
      const ways: readonly Partial<EnqueueRequest>[] = [
        {},
        { priority: 7, key: 'k' },
        { delayMs: 1 },
        { gates: [mutexGate('m')] },
        { idempotency: { key: 'once', ttlMs: 60_000 } },
        { skipWhenBusy: true, key: 'free' },
        { debounce: { waitMs: 0, maxWaitMs: null, leading: false, trailing: true, merge: 'last' }, key: 'd' },
      ]
      for (const way of ways) {
        const id = await enqueue(t, 'mail', { ...way, trace })
        assert.equal((await getRun(t, id)).trace, trace, 'while it waits')
        await t.pass(2)
        const run = await claimOne(t, 'a')
        assertFields(run, { id, trace })
        await finish(t, run, { to: 'retry', delayMs: 0 }, { error: { name: 'Error', message: 'no' } })
        const again = await claimOne(t, 'a')
        assertFields(again, { id, trace, attempt: 2 })
        await finish(t, again)
        assertFields(await getRun(t, id), { state: 'succeeded', trace })
      }
      const others = [enqueueRequest(t, 'mail', { trace }), enqueueRequest(t, 'mail'), enqueueRequest(t, 'mail', { trace: '{}' })]
      await enqueueAll(t, others)
      const { runs } = await t.store.runs.get({ ids: others.map(({ id }) => id) })
      assert.deepEqual(
        runs.map((run) => run?.trace),
        [trace, null, '{}'],
      )
    }),
    both('a run that triggers share has the trace of the first', async (t) => {
      await define(t, 'mail')
      const debounce = { waitMs: t.ms(60_000), maxWaitMs: null, leading: false, trailing: true, merge: 'last' } as const
      const first = await enqueue(t, 'mail', { debounce, trace: '1' })
      assert.equal((await trigger(t, 'mail', { debounce, trace: '2' })).outcome, 'coalesced')
      assert.equal((await getRun(t, first)).trace, '1')
    }),
    both('skipWhenBusy records a skip while a run of (job, key) runs', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      await enqueue(t, 'mail', { key: 'k' })
      const running = await claimOne(t, 'a')
      const reply = await trigger(t, 'mail', { key: 'k', skipWhenBusy: true })
      assert.equal(reply.outcome, 'skipped')
      assertFields(await getRun(t, reply.id), { state: 'skipped', reason: 'overlap' })
      assert.equal((await trigger(t, 'mail', { key: 'other', skipWhenBusy: true })).outcome, 'created')
      await finish(t, running)
      assert.equal((await trigger(t, 'mail', { key: 'k', skipWhenBusy: true })).outcome, 'created')
    }),
    both('skipWhenBusy takes no notice of a debounced trigger that has not started', async (t) => {
      await define(t, 'mail')
      const debounce = { waitMs: t.ms(600_000), maxWaitMs: null, leading: false, trailing: true, merge: 'last' } as const
      await enqueue(t, 'mail', { key: 'k', debounce })
      assert.equal((await trigger(t, 'mail', { key: 'k', skipWhenBusy: true })).outcome, 'created')
    }),
    both('skipWhenBusy takes notice of a debounced run that has started, until it ends', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const debounce = { waitMs: 0, maxWaitMs: null, leading: false, trailing: true, merge: 'last' } as const
      await enqueue(t, 'mail', { key: 'k', debounce })
      const busy = async (): Promise<boolean> =>
        (await trigger(t, 'mail', { key: 'k', skipWhenBusy: true, delayMs: t.ms(600_000) })).outcome === 'skipped'
      const run = await claimOne(t, 'a')
      assert.equal(await busy(), true)
      await finish(t, run, { to: 'retry', delayMs: 0 })
      assert.equal(await busy(), true, 'it waits for its retry')
      await finish(t, await claimOne(t, 'a'))
      assert.equal(await busy(), false)
    }),
    both('skipWhenBusy is not misled by a debounced trigger that was cancelled', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      await enqueue(t, 'mail', { key: 'k' })
      await claimOne(t, 'a')
      const debounce = { waitMs: t.ms(600_000), maxWaitMs: null, leading: false, trailing: true, merge: 'last' } as const
      await cancel(t, await enqueue(t, 'mail', { key: 'k', debounce }))
      assert.equal((await trigger(t, 'mail', { key: 'k', skipWhenBusy: true })).outcome, 'skipped')
    }),
    both('keys and payloads of any kind are kept as they are', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const texts = ['ü 😀 \u0000', `it's "quoted"  100%_`, '{a}:b/c*?[d]', '', ' ', '__proto__']
      for (const text of texts) {
        const payload = `{"b": ${JSON.stringify(text)},  "a":1.50}`
        const id = await enqueue(t, 'mail', { key: text, payload, gates: [keyGate('mail', text)] })
        const run = await claimOne(t, 'a')
        assertFields(run, { id, key: text, payload, gates: [keyGate('mail', text)] })
        assert.deepEqual(
          (await t.store.runs.find({ key: text, limit: 10 })).runs.map((found) => found.id),
          [id],
        )
        await finish(t, run, { to: 'succeeded', result: payload })
        assert.equal((await getRun(t, id)).result, payload)
      }
    }),
    given('large batches are one call', async (t) => {
      await define(t, 'mail')
      const requests = Array.from({ length: 3_000 }, (_, index) =>
        enqueueRequest(t, 'mail', { key: String(index), payload: String(index) }),
      )
      const replies = await enqueueAll(t, requests)
      assert.deepEqual(
        replies.map((reply) => reply.id),
        requests.map((request) => request.id),
      )
      assert.equal((await t.store.runs.stats({ jobs: ['mail'], ...t.at() })).jobs[0]?.pending, 3_000)
      const { runs } = await t.store.runs.get({ ids: requests.map((request) => request.id) })
      for (const [index, run] of runs.entries()) assert.equal(run?.payload, String(index))
    }),
    both('of many skipWhenBusy at the same time one runs', async (t) => {
      await define(t, 'mail')
      const replies = await Promise.all(
        Array.from({ length: 8 }, () => trigger(t, 'mail', { key: 'k', skipWhenBusy: true, gates: [keyGate('mail', 'k')] })),
      )
      assert.equal(replies.filter((reply) => reply.outcome === 'created').length, 1)
      assert.equal(replies.filter((reply) => reply.outcome === 'skipped').length, 7)
    }),
  ],
}
