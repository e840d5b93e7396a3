/** Short forms of the lease verbs. */
import assert from 'node:assert/strict'
import type { AcquireReply, AcquireRequest, HeldLease } from '../../store/leases.ts'
import { only } from './expectations.ts'
import { LONG_LEASE } from './run-steps.ts'
import type { Trial } from './trial.ts'

/** A bid without a place in the queue. */
export function bid(t: Trial, name: string, holder: string, over: Partial<AcquireRequest> = {}): AcquireRequest {
  return { name, holder, leaseMs: t.ms(LONG_LEASE), queue: false, seenFence: 0, ...over }
}

/** Bids once. */
export async function acquire(t: Trial, name: string, holder: string, over: Partial<AcquireRequest> = {}): Promise<AcquireReply> {
  return only((await t.store.leases.acquire({ bids: [bid(t, name, holder, over)], ...t.at() })).replies, 'reply to acquire')
}

/** Bids once and must be granted. */
export async function grant(t: Trial, name: string, holder: string, over: Partial<AcquireRequest> = {}): Promise<HeldLease> {
  const reply = await acquire(t, name, holder, over)
  assert.ok(reply.granted, `${holder} should be granted ${name}`)
  return { name, holder, fence: reply.fence }
}

/** Bids with a place in the queue and must not be granted; gives how many stand before it. */
export async function queueUp(t: Trial, name: string, holder: string, over: Partial<AcquireRequest> = {}): Promise<number> {
  const reply = await acquire(t, name, holder, { queue: true, ...over })
  assert.ok(!reply.granted, `${holder} should wait for ${name}`)
  return reply.ahead
}

/** Releases one lease. */
export async function release(t: Trial, lease: HeldLease): Promise<boolean> {
  return only((await t.store.leases.release({ leases: [lease], ...t.at() })).released, 'reply to release')
}

/** Renews one lease. */
export async function renewLease(t: Trial, lease: HeldLease, leaseMs: number = LONG_LEASE): Promise<boolean> {
  return only((await t.store.leases.renew({ leases: [{ ...lease, leaseMs: t.ms(leaseMs) }], ...t.at() })).renewed, 'reply to renew')
}
