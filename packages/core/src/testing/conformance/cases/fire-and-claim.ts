/** Cases: firing or enqueueing and claiming in one round trip. */
import assert from 'node:assert/strict'
import { jobGate, keyGate } from '../../../store/gates.ts'
import { both, type CaseGroup } from '../conformance-case.ts'
import { assertFields, assertGatesSound, assertInstant, only, present } from '../expectations.ts'
import {
  addOwner,
  claimAtOnce,
  claimIds,
  enqueueAll,
  enqueueRequest,
  finish,
  getRun,
  heldAt,
  LEASE_END,
  renew,
  SHORT_LEASE,
  statesOf,
} from '../run-steps.ts'
import { addSchedule, define, fire, firing, STEP, suspend } from '../schedule-steps.ts'

export const fireAndClaimCases: CaseGroup = {
  name: 'claim at once',
  cases: [
    both('a fired run may be claimed in the same step', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const record = await addSchedule(t, 'mail', 'k')
      const { value: replies, ...span } = await t.timed(() => fire(t, [firing(t, record)], claimAtOnce(t, 'a', { seenFence: 7 })))
      const fired = only(only(replies, 'reply').runs, 'fired runs')
      assert.equal(fired.state, 'running')
      const claimed = present(fired.claimed, 'claimed run')
      assert.equal(claimed.started, true)
      assertFields(claimed.record, { id: fired.id, state: 'running', owner: 'a', attempt: 1 })
      assertInstant(claimed.record.startedAt, span)
      assert.ok(claimed.record.fence > 7, 'the fence is above the highest one seen')
      assert.deepEqual(await getRun(t, fired.id), claimed.record)
      assert.deepEqual(await claimIds(t, 'a'), [], 'it is not claimed twice')
    }),
    both('an enqueued run may be claimed in the same step', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const request = enqueueRequest(t, 'mail')
      const reply = only(await enqueueAll(t, [request], claimAtOnce(t, 'a')), 'reply')
      assertFields(reply, { outcome: 'created', id: request.id })
      const claimed = present(reply.claimed, 'claimed run')
      assertFields(claimed.record, { id: request.id, state: 'running', owner: 'a', attempt: 1 })
      await finish(t, claimed.record)
      assert.equal((await getRun(t, request.id)).state, 'succeeded')
    }),
    both('limit and start bound what is claimed and what starts', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const records = [await addSchedule(t, 'mail', 'k0'), await addSchedule(t, 'mail', 'k1'), await addSchedule(t, 'mail', 'k2')]
      const replies = await fire(
        t,
        records.map((record) => firing(t, record)),
        claimAtOnce(t, 'a', { limit: 2, start: 1 }),
      )
      const claimed = replies.flatMap((reply) => reply.runs).flatMap((run) => run.claimed ?? [])
      assert.deepEqual(
        claimed.map((run) => run.started),
        [true, false],
      )
      const rest = await claimIds(t, 'a')
      assert.equal(rest.length, 1, 'the third is still to be claimed')
    }),
    both('gates hold for claims at once', async (t) => {
      await define(t, 'mail', { concurrency: 2 })
      await addOwner(t, 'a', ['mail'])
      const requests = Array.from({ length: 5 }, () => enqueueRequest(t, 'mail', { gates: [jobGate('mail')] }))
      const replies = await enqueueAll(t, requests, claimAtOnce(t, 'a'))
      const claimed = replies.flatMap((reply) => reply.claimed ?? [])
      assert.equal(claimed.length, 2)
      assert.equal(await heldAt(t, jobGate('mail')), 2)
      await assertGatesSound(t)
      for (const run of claimed) await finish(t, run.record)
      assert.equal((await claimIds(t, 'a')).length, 2)
    }),
    both('two slots of one key are not claimed together', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const record = await addSchedule(t, 'mail', 'k')
      const run = { overlap: 'queue', gates: [keyGate('mail', 'k')] } as const
      const first = only(await fire(t, [firing(t, record, { run })], claimAtOnce(t, 'a')), 'reply')
      assert.equal(first.runs[0]?.state, 'running')
      const next = { ...record, cursor: present(record.nextSlot, 'slot'), nextSlot: present(record.nextSlot, 'slot') + t.ms(STEP) }
      const second = only(await fire(t, [firing(t, next, { run })], claimAtOnce(t, 'a')), 'reply')
      assert.equal(second.status, 'fired')
      assert.equal(second.runs[0]?.claimed, undefined)
    }),
    both('rate limits hold for claims at once', async (t) => {
      await define(t, 'mail', { rateLimit: { max: 2, perMs: t.ms(600_000) } })
      await addOwner(t, 'a', ['mail'])
      const requests = Array.from({ length: 4 }, () => enqueueRequest(t, 'mail'))
      const replies = await enqueueAll(t, requests, claimAtOnce(t, 'a'))
      assert.equal(replies.filter((reply) => reply.claimed !== undefined).length, 2)
      assert.deepEqual(await claimIds(t, 'a'), [])
    }),
    both('what is not due yet is not claimed at once', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const reply = only(await enqueueAll(t, [enqueueRequest(t, 'mail', { delayMs: t.ms(600_000) })], claimAtOnce(t, 'a')), 'reply')
      assert.equal(reply.outcome, 'created')
      assert.equal(reply.claimed, undefined)
      assert.equal((await getRun(t, reply.id)).state, 'pending')
    }),
    both('runs of a suspended job are not claimed at once', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      await suspend(t, { job: 'mail' }, 'x')
      const reply = only(await enqueueAll(t, [enqueueRequest(t, 'mail')], claimAtOnce(t, 'a')), 'reply')
      assert.equal(reply.outcome, 'created')
      assert.equal(reply.claimed, undefined)
      await suspend(t, { job: 'mail' }, null)
      assert.deepEqual(await claimIds(t, 'a'), [reply.id])
    }),
    both('jobs that the owner does not know are not claimed at once', async (t) => {
      await define(t, 'mail')
      await define(t, 'report')
      await addOwner(t, 'a', ['mail'])
      const replies = await enqueueAll(t, [enqueueRequest(t, 'report'), enqueueRequest(t, 'mail')], claimAtOnce(t, 'a'))
      assert.deepEqual(
        replies.map((reply) => reply.claimed !== undefined),
        [false, true],
      )
    }),
    both('an owner that is unknown or dead claims nothing at once', async (t) => {
      await define(t, 'mail')
      const unknown = only(await enqueueAll(t, [enqueueRequest(t, 'mail')], claimAtOnce(t, 'nobody')), 'reply')
      assert.equal(unknown.claimed, undefined)
      await addOwner(t, 'a', ['mail'], SHORT_LEASE)
      await t.pass(LEASE_END)
      await addOwner(t, 'b', ['mail'])
      await renew(t, 'b')
      const dead = only(await enqueueAll(t, [enqueueRequest(t, 'mail')], claimAtOnce(t, 'a')), 'reply')
      assert.equal(dead.claimed, undefined)
      assert.deepEqual(await statesOf(t, [unknown.id, dead.id]), ['pending', 'pending'])
      assert.equal((await claimIds(t, 'b')).length, 2)
    }),
    both('a claim at once whose reply was lost is found with held', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const record = await addSchedule(t, 'mail', 'k')
      const planned = firing(t, record)
      await fire(t, [planned], claimAtOnce(t, 'a'))
      const repeated = only(await fire(t, [planned], claimAtOnce(t, 'a')), 'reply')
      assert.equal(repeated.status, 'stale')
      const { runs } = await t.store.runs.held({ owner: 'a' })
      assertFields(only(runs, 'held runs'), { id: only(planned.runs, 'run').id, state: 'running', owner: 'a' })
    }),
  ],
}
