/** Cases: waiters for a lease are served in order, and jobs with the mutex are excluded. */
import assert from 'node:assert/strict'
import { mutexGate } from '../../../store/gates.ts'
import type { HeldLease } from '../../../store/leases.ts'
import { both, given, type CaseGroup } from '../conformance-case.ts'
import { assertFields, assertGatesSound, present } from '../expectations.ts'
import { acquire, grant, queueUp, release } from '../lease-steps.ts'
import { addOwner, claimIds, claimOne, enqueue, finish, gate, getRun, LEASE_END, settle, SHORT_LEASE, shortLease } from '../run-steps.ts'
import { define } from '../schedule-steps.ts'

const M = mutexGate('m')

export const leaseQueueCases: CaseGroup = {
  name: 'lease queue',
  cases: [
    both('waiters are served first come, first served', async (t) => {
      let held = await grant(t, 'm', 'a')
      const waiters = ['b', 'c', 'd']
      for (const [ahead, holder] of waiters.entries()) assert.equal(await queueUp(t, 'm', holder), ahead)
      for (const [index, holder] of waiters.entries()) {
        await release(t, held)
        for (const [behind, later] of waiters.slice(index + 1).entries()) assert.equal(await queueUp(t, 'm', later), behind + 1)
        held = await grant(t, 'm', holder, { queue: true })
      }
    }),
    both('asking again keeps the place', async (t) => {
      const held = await grant(t, 'm', 'a')
      await queueUp(t, 'm', 'b')
      await queueUp(t, 'm', 'c')
      assert.equal(await queueUp(t, 'm', 'b'), 0)
      assert.equal(await queueUp(t, 'm', 'c'), 1)
      await release(t, held)
      assert.equal((await acquire(t, 'm', 'c', { queue: true })).granted, false)
      await grant(t, 'm', 'b', { queue: true })
    }),
    both('a newcomer does not pass the queue', async (t) => {
      const held = await grant(t, 'm', 'a')
      await queueUp(t, 'm', 'b')
      await release(t, held)
      assert.equal((await acquire(t, 'm', 'newcomer')).granted, false)
      assert.equal((await acquire(t, 'm', 'a', { queue: true })).granted, false, 'nor does the former holder')
      await grant(t, 'm', 'b', { queue: true })
    }),
    both('gates() counts the holder and who waits', async (t) => {
      const held = await grant(t, 'm', 'a')
      await queueUp(t, 'm', 'b')
      await queueUp(t, 'm', 'c')
      assert.deepEqual((await t.store.runs.gates({})).gates, [{ gate: M, limit: 1, held: 1, holders: 1, waiting: 2 }])
      await release(t, held)
      const next = await grant(t, 'm', 'b', { queue: true })
      assertFields(present(await gate(t, M), 'gate'), { held: 1, holders: 1, waiting: 1 })
      await t.store.leases.withdraw({ bids: [{ name: 'm', holder: 'c' }], ...t.at() })
      await release(t, next)
      assert.deepEqual((await t.store.runs.gates({})).gates, [])
    }),
    both('a bid without queue takes no place', async (t) => {
      const held = await grant(t, 'm', 'a')
      assert.equal((await acquire(t, 'm', 'b')).granted, false)
      assert.equal(await queueUp(t, 'm', 'c'), 0)
      await release(t, held)
      await grant(t, 'm', 'c', { queue: true })
    }),
    both('a place that is not asked for again is given up', async (t) => {
      const held = await grant(t, 'm', 'a')
      await queueUp(t, 'm', 'b', { leaseMs: t.ms(SHORT_LEASE) })
      assert.equal(await queueUp(t, 'm', 'c'), 1)
      await t.pass(LEASE_END)
      assert.equal(await queueUp(t, 'm', 'c'), 0)
      await release(t, held)
      await grant(t, 'm', 'c', { queue: true })
    }),
    both('withdraw gives up a place', async (t) => {
      const held = await grant(t, 'm', 'a')
      await queueUp(t, 'm', 'b')
      await queueUp(t, 'm', 'c')
      await t.store.leases.withdraw({
        bids: [
          { name: 'nothing', holder: 'b' },
          { name: 'm', holder: 'b' },
        ],
        ...t.at(),
      })
      assert.equal(await queueUp(t, 'm', 'c'), 0)
      await release(t, held)
      await grant(t, 'm', 'c', { queue: true })
    }),
    both('withdraw frees what a lost reply granted', async (t) => {
      await grant(t, 'm', 'a')
      await t.store.leases.withdraw({ bids: [{ name: 'm', holder: 'b' }], ...t.at() })
      assert.equal((await acquire(t, 'm', 'c')).granted, false, 'of its own holder only')
      await t.store.leases.withdraw({ bids: [{ name: 'm', holder: 'a' }], ...t.at() })
      await grant(t, 'm', 'c')
      await assertGatesSound(t)
    }),
    both("the queue moves on when the holder's lease ends", async (t) => {
      await grant(t, 'm', 'a', { leaseMs: t.ms(SHORT_LEASE) })
      const waiting = await acquire(t, 'm', 'b', { queue: true })
      assert.ok(!waiting.granted)
      await queueUp(t, 'm', 'c')
      await t.pass(LEASE_END)
      assert.equal((await acquire(t, 'm', 'c', { queue: true })).granted, false)
      await grant(t, 'm', 'b', { queue: true })
    }),
    both('a waiter is told to ask again before its place is given up', async (t) => {
      await grant(t, 'm', 'a')
      const reply = await acquire(t, 'm', 'b', { queue: true, leaseMs: t.ms(SHORT_LEASE) })
      assert.ok(!reply.granted)
      assert.ok(reply.retryAt <= reply.storeNow + t.ms(SHORT_LEASE), 'retryAt lies before the end of the place')
    }),
    both('a held lease keeps jobs with its mutex from running', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const lease = await grant(t, 'm', 'h')
      assertFields(present(await gate(t, M), 'gate'), { held: 1, holders: 1, limit: 1 })
      const id = await enqueue(t, 'mail', { gates: [M] })
      assert.deepEqual(await claimIds(t, 'a'), [])
      await release(t, lease)
      assert.deepEqual(await claimIds(t, 'a'), [id])
      await assertGatesSound(t)
    }),
    both('a running job keeps its mutex from being granted', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      await enqueue(t, 'mail', { gates: [M] })
      const run = await claimOne(t, 'a')
      await queueUp(t, 'm', 'h')
      await finish(t, run)
      await grant(t, 'm', 'h', { queue: true })
      await assertGatesSound(t)
    }),
    both('a mutex of a dead owner is granted, though no other owner lives', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'], SHORT_LEASE)
      await enqueue(t, 'mail', { gates: [M] })
      const run = await claimOne(t, 'a', shortLease(t))
      await queueUp(t, 'm', 'h')
      await t.pass(LEASE_END)
      await grant(t, 'm', 'h', { queue: true })
      assert.equal((await settle(t, run)).status, 'stale')
      await assertGatesSound(t)
    }),
    both('a job that waits for the mutex runs when the lease ends by itself', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      await grant(t, 'm', 'h', { leaseMs: t.ms(SHORT_LEASE) })
      const id = await enqueue(t, 'mail', { gates: [M] })
      assert.deepEqual(await claimIds(t, 'a'), [])
      await t.pass(LEASE_END)
      assert.deepEqual(await claimIds(t, 'a'), [id])
      assertFields(present(await gate(t, M), 'gate'), { held: 1, holders: 1 })
      assert.equal((await getRun(t, id)).state, 'running')
    }),
    both('an abandoned place does not keep jobs from the mutex', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const lease = await grant(t, 'm', 'h')
      await queueUp(t, 'm', 'gone', { leaseMs: t.ms(SHORT_LEASE) })
      const id = await enqueue(t, 'mail', { gates: [M] })
      assert.deepEqual(await claimIds(t, 'a'), [])
      await t.pass(LEASE_END)
      await release(t, lease)
      assert.deepEqual(await claimIds(t, 'a'), [id])
    }),
    given('jobs and holders that compete for a mutex all get it, one at a time', async (t) => {
      for (const seed of t.seeds) {
        const random = t.random(seed)
        const [job, name] = [`mail${seed}`, `m${seed}`]
        await define(t, job)
        await addOwner(t, job, [job])
        const runs = new Set<string>()
        for (let index = 0; index < 6; index++) runs.add(await enqueue(t, job, { gates: [mutexGate(name)] }))
        const holders = new Set(Array.from({ length: 6 }, (_, index) => `h${index}`))
        let lastFence = 0
        for (let round = 0; round < 200 && runs.size + holders.size > 0; round++) {
          const bidders = [...holders].sort(() => random() - 0.5)
          const [claimed, replies] = await Promise.all([
            claimIds(t, job),
            Promise.all(bidders.map((holder) => acquire(t, name, holder, { queue: true }))),
          ])
          const granted: HeldLease[] = replies.flatMap((reply, index) =>
            reply.granted ? [{ name, holder: bidders[index] ?? '', fence: reply.fence }] : [],
          )
          assert.ok(claimed.length + granted.length <= 1, `round ${round}: ${claimed.length} runs and ${granted.length} holders at once`)
          for (const lease of granted) {
            assert.ok(lease.fence > lastFence, 'fences of grants grow')
            lastFence = lease.fence
            holders.delete(lease.holder)
            assert.equal(await release(t, lease), true)
          }
          for (const id of claimed) {
            runs.delete(id)
            await finish(t, await getRun(t, id))
          }
          await t.pass(10)
        }
        assert.deepEqual([[...runs], [...holders]], [[], []], 'all had their turn')
        await assertGatesSound(t)
      }
    }),
  ],
}
