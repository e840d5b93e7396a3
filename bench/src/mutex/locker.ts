/** A lock on some server, as the scenario asks it. */

/** Acquires the lock of that name, and releases it. */
export type TakeAndRelease = (name: string) => Promise<void>

export type LockerFactory = (url: string) => Promise<TakeAndRelease>

/** How long a lock lasts whose holder says nothing. */
export const LEASE_MS = 30_000
