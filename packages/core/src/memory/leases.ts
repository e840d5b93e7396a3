/** Leases: named mutexes with fences, over the same gates as the mutexes of jobs. */
import { mutexGate } from '../store/gates.ts'
import type { AcquireReply, AcquireRequest, HeldLease } from '../store/leases.ts'
import { forgetIfIdle, letGo, obtainGate } from './gates.ts'
import type { BidRow, Gate, LeaseRow } from './rows.ts'
import { begin, nextFence, type MemoryState } from './state.ts'
import { takeOverExpired } from './take-over.ts'

interface Timed {
  readonly now?: number | undefined
}

/** The verb. */
export function acquire(state: MemoryState, request: { readonly bids: readonly AcquireRequest[] } & Timed): { replies: AcquireReply[] } {
  begin(state, request.now)
  takeOverExpired(state)
  sweepLeases(state)
  return { replies: request.bids.map((bid) => acquireOne(state, bid)) }
}

/** The verb. */
export function renewLeases(
  state: MemoryState,
  request: { readonly leases: readonly (HeldLease & { readonly leaseMs: number })[] } & Timed,
): { renewed: boolean[]; storeNow: number } {
  begin(state, request.now)
  sweepLeases(state)
  const renewed = request.leases.map((held) => {
    const lease = findLease(state, held)
    if (lease !== null) prolong(state, lease, held.leaseMs)
    return lease !== null
  })
  return { renewed, storeNow: state.now }
}

/** The verb. */
export function releaseLeases(state: MemoryState, request: { readonly leases: readonly HeldLease[] } & Timed): { released: boolean[] } {
  begin(state, request.now)
  sweepLeases(state)
  const released = request.leases.map((held) => {
    const lease = findLease(state, held)
    if (lease !== null) endLease(state, lease)
    return lease !== null
  })
  return { released }
}

/** The verb. */
export function withdrawBids(
  state: MemoryState,
  request: { readonly bids: readonly Pick<AcquireRequest, 'name' | 'holder'>[] } & Timed,
): void {
  begin(state, request.now)
  sweepLeases(state)
  for (const { name, holder } of request.bids) {
    const gate = state.gates.get(mutexGate(name))
    if (gate === undefined) continue
    gate.bids = gate.bids.filter((bid) => bid.holder !== holder)
    if (gate.lease?.holder === holder) endLease(state, gate.lease)
    else forgetIfIdle(state, gate)
  }
}

/** Ends the leases whose time is over; others get their chance. */
export function sweepLeases(state: MemoryState): void {
  for (let lease = state.leases.peek(); lease !== undefined && lease.expiresAt <= state.now; lease = state.leases.peek()) {
    endLease(state, lease)
  }
}

function acquireOne(state: MemoryState, bid: AcquireRequest): AcquireReply {
  const gate = obtainGate(state, mutexGate(bid.name))
  if (gate.lease?.holder === bid.holder) return granted(state, prolong(state, gate.lease, bid.leaseMs))
  const standing = gate.bids.filter((other) => other.until > state.now)
  const place = standing.findIndex((other) => other.holder === bid.holder)
  const ahead = place === -1 ? standing.length : place
  if (gate.held < gate.limit && ahead === 0) {
    gate.bids = standing.slice(place + 1)
    return granted(state, grant(state, gate, bid))
  }
  gate.bids = bid.queue || place !== -1 ? withPlace(standing, ahead, { holder: bid.holder, until: state.now + bid.leaseMs }) : standing
  forgetIfIdle(state, gate)
  return { granted: false, ahead, retryAt: retryAt(state, gate, bid), storeNow: state.now }
}

/** `standing` with this bid at its place, or at the end. */
function withPlace(standing: readonly BidRow[], place: number, bid: BidRow): readonly BidRow[] {
  return [...standing.slice(0, place), bid, ...standing.slice(place + 1)]
}

function grant(state: MemoryState, gate: Gate, { name, holder, leaseMs, seenFence }: AcquireRequest): LeaseRow {
  const lease: LeaseRow = { gate, name, holder, fence: nextFence(state, seenFence), expiresAt: state.now + leaseMs, heapIndex: -1 }
  gate.held++
  gate.lease = lease
  state.leases.push(lease)
  return lease
}

function granted(state: MemoryState, { fence, expiresAt }: LeaseRow): AcquireReply {
  return { granted: true, fence, expiresAt, storeNow: state.now }
}

function prolong(state: MemoryState, lease: LeaseRow, leaseMs: number): LeaseRow {
  lease.expiresAt = state.now + leaseMs
  state.leases.update(lease)
  return lease
}

function endLease(state: MemoryState, lease: LeaseRow): void {
  const { gate } = lease
  state.leases.remove(lease)
  gate.lease = null
  gate.held--
  letGo(state, gate)
}

function findLease(state: MemoryState, { name, holder, fence }: HeldLease): LeaseRow | null {
  const lease = state.gates.get(mutexGate(name))?.lease
  return lease?.holder === holder && lease.fence === fence ? lease : null
}

/** In time to keep the place, and when the present lease ends. */
function retryAt(state: MemoryState, gate: Gate, { leaseMs }: AcquireRequest): number {
  return Math.min(state.now + Math.ceil(leaseMs / 2), gate.lease?.expiresAt ?? Number.POSITIVE_INFINITY)
}
