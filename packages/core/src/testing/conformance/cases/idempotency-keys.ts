/** Cases: idempotency keys. */
import assert from 'node:assert/strict'
import { both, given, type CaseGroup } from '../conformance-case.ts'
import { assertFields, only } from '../expectations.ts'
import { addOwner, claimOne, countRuns, enqueue, enqueueAll, enqueueRequest, finish, getRun, statesOf, trigger } from '../run-steps.ts'
import { define } from '../schedule-steps.ts'
import type { Trial } from '../trial.ts'

function idempotency(t: Trial, ttlMs: number, key = 'order-7'): { key: string; ttlMs: number } {
  return { key, ttlMs: t.ms(ttlMs) }
}

export const idempotencyKeyCases: CaseGroup = {
  name: 'idempotency keys',
  cases: [
    both('an idempotency key answers with the first run', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const first = await trigger(t, 'mail', { payload: '1', idempotency: idempotency(t, 600_000) })
      assert.equal(first.outcome, 'created')
      assertFields(await trigger(t, 'mail', { payload: '2', idempotency: idempotency(t, 600_000) }), { outcome: 'duplicate', id: first.id })
      await finish(t, await claimOne(t, 'a'))
      assertFields(await trigger(t, 'mail', { idempotency: idempotency(t, 600_000) }), { outcome: 'duplicate', id: first.id })
      assert.equal(await countRuns(t, 'mail'), 1)
      assert.equal((await getRun(t, first.id)).payload, '1')
    }),
    both('idempotency keys are per job', async (t) => {
      await define(t, 'mail')
      await define(t, 'report')
      await trigger(t, 'mail', { idempotency: idempotency(t, 600_000) })
      assert.equal((await trigger(t, 'report', { idempotency: idempotency(t, 600_000) })).outcome, 'created')
      assert.equal((await trigger(t, 'mail', { idempotency: idempotency(t, 600_000, 'order-8') })).outcome, 'created')
    }),
    both('an idempotency key expires', async (t) => {
      await define(t, 'mail')
      const first = await trigger(t, 'mail', { idempotency: idempotency(t, 3_000) })
      await t.pass(3_001)
      const second = await trigger(t, 'mail', { idempotency: idempotency(t, 3_000) })
      assert.equal(second.outcome, 'created')
      assert.notEqual(second.id, first.id)
      assertFields(await trigger(t, 'mail', { idempotency: idempotency(t, 3_000) }), { outcome: 'duplicate', id: second.id })
    }),
    both('two requests of one batch with one idempotency key make one run', async (t) => {
      await define(t, 'mail')
      const requests = [1, 2].map(() => enqueueRequest(t, 'mail', { idempotency: idempotency(t, 600_000) }))
      const replies = await enqueueAll(t, requests)
      assert.deepEqual(
        replies.map((reply) => reply.outcome),
        ['created', 'duplicate'],
      )
      assert.equal(replies[1]?.id, replies[0]?.id)
      assert.equal(await countRuns(t, 'mail'), 1)
    }),
    both('of requests at the same time with one idempotency key one makes a run', async (t) => {
      await define(t, 'mail')
      const replies = await Promise.all(Array.from({ length: 10 }, () => trigger(t, 'mail', { idempotency: idempotency(t, 600_000) })))
      assert.equal(replies.filter((reply) => reply.outcome === 'created').length, 1)
      assert.equal(new Set(replies.map((reply) => reply.id)).size, 1)
      assert.equal(await countRuns(t, 'mail'), 1)
    }),
    both('the same request again with its idempotency key is harmless', async (t) => {
      await define(t, 'mail')
      const request = enqueueRequest(t, 'mail', { idempotency: idempotency(t, 600_000) })
      await enqueueAll(t, [request])
      assert.equal(only(await enqueueAll(t, [request]), 'reply').id, request.id)
      assert.equal(await countRuns(t, 'mail'), 1)
    }),
    both('the same request again is answered with its own run, also when its idempotency key has gone to another', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const request = enqueueRequest(t, 'mail', { idempotency: idempotency(t, 3_000) })
      await enqueueAll(t, [request])
      await finish(t, await claimOne(t, 'a'))
      await t.pass(3_001)
      const second = await enqueue(t, 'mail', { idempotency: idempotency(t, 600_000) })
      assertFields(only(await enqueueAll(t, [request]), 'reply'), { outcome: 'created', id: request.id })
      assert.equal(await countRuns(t, 'mail'), 2)
      assertFields(await trigger(t, 'mail', { idempotency: idempotency(t, 600_000) }), { outcome: 'duplicate', id: second })
    }),
    given('an idempotency key whose run was pruned answers so', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const first = await trigger(t, 'mail', { idempotency: idempotency(t, 24 * 3_600_000) })
      await finish(t, await claimOne(t, 'a'))
      await t.store.runs.prune({ rules: [{ job: 'mail', succeeded: 0, dead: 0, forMs: 3_600_000 }], limit: 100, ...t.at() })
      assert.deepEqual(await statesOf(t, [first.id]), [null])
      assert.equal((await trigger(t, 'mail', { idempotency: idempotency(t, 3_600_000) })).outcome, 'pruned')
      assert.equal(await countRuns(t, 'mail'), 0)
      await t.pass(24 * 3_600_000 + 1)
      assert.equal((await trigger(t, 'mail', { idempotency: idempotency(t, 3_600_000) })).outcome, 'created')
    }),
  ],
}
