/** How long a process may believe in its lease without hearing from the store. Pure. */

/** Safety between the end of trust and the end of the lease: a tenth of it, at most one second. */
export function trustMargin(leaseMs: number): number {
  return Math.min(leaseMs / 10, 1_000)
}

/**
 * The monotonic instant until which a lease can be trusted: counted from when the confirmed request
 * *started*, for the store may have granted it as early as that. A late reply never extends it.
 */
export function trustedUntil(requestStartedAt: number, leaseMs: number): number {
  return requestStartedAt + leaseMs - trustMargin(leaseMs)
}
