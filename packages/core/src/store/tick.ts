/** What every time-dependent verb takes and gives. */

/** Tests pass `now`; absent, the store's own clock decides. */
export interface AtStoreTime {
  readonly now?: number | undefined
}

/**
 * The store's news with each reply: its clock, and the earliest instants at which the asking owner
 * may find work. `null` means none; an absent field means no news. `due` must tell `nextDueAt`, `claim`
 * must tell `nextRunAt`, `renew` must tell all; with the others it saves a look.
 */
export interface Tick {
  readonly storeNow: number
  /** Earliest `nextDueAt` among the unsuspended schedules of the owner's jobs. */
  readonly nextDueAt?: number | null
  /** Earliest `runAt` among claimable pending runs of the owner's jobs, rate limits considered. */
  readonly nextRunAt?: number | null
  /** Earliest lease end of another live owner that holds runs or gates. */
  readonly nextExpiryAt?: number | null
}
