/** Cases: named mutexes: grants, fences, renewal, and the end of a lease. */
import assert from 'node:assert/strict'
import { both, given, type CaseGroup } from '../conformance-case.ts'
import { assertInstant } from '../expectations.ts'
import { acquire, bid, grant, queueUp, release, renewLease } from '../lease-steps.ts'
import { LEASE_END, LONG_LEASE, SHORT_LEASE } from '../run-steps.ts'

export const leaseCases: CaseGroup = {
  name: 'leases',
  cases: [
    both('a free lease is granted to one holder', async (t) => {
      const { value: reply, ...span } = await t.timed(() => acquire(t, 'm', 'a'))
      assert.ok(reply.granted)
      assertInstant(reply.expiresAt, span, t.ms(LONG_LEASE))
      assert.ok(reply.storeNow >= span.from && reply.storeNow <= span.to)
      assert.ok(
        Number.isSafeInteger(reply.fence) && reply.fence >= span.from * 1_000,
        `fence ${reply.fence} is at least the store's time in µs`,
      )
      const other = await acquire(t, 'm', 'b')
      assert.ok(!other.granted)
      assert.ok(other.retryAt >= span.from && other.retryAt <= reply.expiresAt, 'the lease may have ended by retryAt')
    }),
    both('leases of other names are free', async (t) => {
      await grant(t, 'm', 'a')
      await grant(t, 'n', 'b')
    }),
    both('of bids at the same time one is granted', async (t) => {
      const replies = await Promise.all(Array.from({ length: 10 }, (_, index) => acquire(t, 'm', `h${index}`)))
      assert.equal(replies.filter((reply) => reply.granted).length, 1)
    }),
    both('bids of one call are answered in order', async (t) => {
      const { replies } = await t.store.leases.acquire({ bids: [bid(t, 'm', 'a'), bid(t, 'm', 'b'), bid(t, 'n', 'b')], ...t.at() })
      assert.deepEqual(
        replies.map((reply) => reply.granted),
        [true, false, true],
      )
    }),
    both('a repeated bid is granted again with the same fence', async (t) => {
      const lease = await grant(t, 'm', 'a')
      assert.equal((await grant(t, 'm', 'a')).fence, lease.fence)
      assert.equal(await release(t, lease), true)
    }),
    both('a released lease is free at once, under a larger fence', async (t) => {
      let last = 0
      for (const holder of ['a', 'b', 'a', 'c']) {
        const lease = await grant(t, 'm', holder)
        assert.ok(lease.fence > last, `fence ${lease.fence} is above ${last}`)
        last = lease.fence
        assert.equal(await release(t, lease), true)
      }
    }),
    both('a grant passes the highest fence seen', async (t) => {
      const seen = (await t.now()) * 1_000 + 5_000_000_000
      const lease = await grant(t, 'm', 'a', { seenFence: seen })
      assert.ok(lease.fence > seen)
      await release(t, lease)
      assert.ok((await grant(t, 'm', 'b')).fence > lease.fence, 'it does not go back afterwards')
    }),
    given('fences do not go back when the clock does', async (t) => {
      const lease = await grant(t, 'm', 'a')
      await release(t, lease)
      const { replies } = await t.store.leases.acquire({ bids: [bid(t, 'm', 'b')], now: (await t.now()) - 3_600_000 })
      const reply = replies[0]
      assert.ok(reply?.granted === true && reply.fence > lease.fence)
    }),
    both('a lease that is not renewed ends', async (t) => {
      const lost = await grant(t, 'm', 'a', { leaseMs: t.ms(SHORT_LEASE) })
      assert.equal((await acquire(t, 'm', 'b')).granted, false)
      await t.pass(LEASE_END)
      const next = await grant(t, 'm', 'b')
      assert.ok(next.fence > lost.fence)
      assert.equal(await renewLease(t, lost), false)
      assert.equal(await release(t, lost), false)
      assert.equal((await acquire(t, 'm', 'c')).granted, false, 'the new holder keeps it')
    }),
    both('a renewed lease lasts on', async (t) => {
      const lease = await grant(t, 'm', 'a', { leaseMs: t.ms(SHORT_LEASE) })
      for (let round = 0; round < 3; round++) {
        await t.pass(2_000)
        assert.equal(await renewLease(t, lease, SHORT_LEASE), true)
      }
      assert.equal((await acquire(t, 'm', 'b')).granted, false)
      await t.pass(LEASE_END)
      await grant(t, 'm', 'b')
    }),
    both('an ended lease is not revived, even if nobody took it', async (t) => {
      const lease = await grant(t, 'm', 'a', { leaseMs: t.ms(SHORT_LEASE) })
      await t.pass(LEASE_END)
      assert.equal(await renewLease(t, lease), false)
      const again = await grant(t, 'm', 'a')
      assert.ok(again.fence > lease.fence, 'its former holder starts afresh')
    }),
    both('a lease that ended is not released by its holder, even if nobody took it', async (t) => {
      const lease = await grant(t, 'm', 'a', { leaseMs: t.ms(SHORT_LEASE) })
      await t.pass(LEASE_END)
      assert.equal(await release(t, lease), false)
    }),
    both('a lease that is renewed does not keep another from ending', async (t) => {
      const first = await grant(t, 'm', 'a', { leaseMs: t.ms(SHORT_LEASE) })
      await grant(t, 'n', 'a', { leaseMs: t.ms(SHORT_LEASE) + t.ms(500) })
      assert.equal(await renewLease(t, first), true)
      await t.pass(LEASE_END + 500)
      await grant(t, 'n', 'b')
      assert.equal((await acquire(t, 'm', 'b')).granted, false)
    }),
    both('only holder and fence together renew and release', async (t) => {
      const lease = await grant(t, 'm', 'a')
      for (const wrong of [
        { ...lease, holder: 'b' },
        { ...lease, fence: lease.fence - 1 },
        { ...lease, name: 'n' },
      ]) {
        assert.equal(await renewLease(t, wrong), false)
        assert.equal(await release(t, wrong), false)
      }
      assert.equal((await acquire(t, 'm', 'b')).granted, false)
      assert.equal(await release(t, lease), true)
      assert.equal(await release(t, lease), false)
      await grant(t, 'm', 'b')
    }),
    both('renewals and releases of one call are answered in order', async (t) => {
      const [m, n] = [await grant(t, 'm', 'a'), await grant(t, 'n', 'a')]
      const leases = [{ ...m, fence: m.fence - 1 }, n, m].map((lease) => ({ ...lease, leaseMs: t.ms(LONG_LEASE) }))
      const { value, from, to } = await t.timed(() => t.store.leases.renew({ leases, ...t.at() }))
      assert.deepEqual(value.renewed, [false, true, true])
      assert.ok(value.storeNow >= from && value.storeNow <= to)
      assert.deepEqual((await t.store.leases.release({ leases, ...t.at() })).released, [false, true, true])
    }),
    both('one holder may wait in no queue while it holds', async (t) => {
      await grant(t, 'm', 'a')
      assert.equal(await queueUp(t, 'm', 'b'), 0)
      assert.ok((await acquire(t, 'm', 'a', { queue: true })).granted, 'the holder is granted again, not queued behind itself')
    }),
  ],
}
