/** The contract between the engine and whatever keeps its state. `docs/writing-a-store.md` is its guide. */
import type { LeaseStore } from './leases.ts'
import type { RunStore } from './runs.ts'
import type { ScheduleStore } from './schedules.ts'
import type { WindowStore } from './windows.ts'

/** What a store can do, as data. Absent means the default. */
export interface StoreCapabilities {
  /** Other processes see the same state. Default true. */
  readonly shared?: boolean
  /** State outlives the process. Default true. */
  readonly durable?: boolean
  /** `enqueue({ tx })` joins the caller's transaction. Default false. */
  readonly transactions?: boolean
  /** `watch` delivers hints from other processes. Default false: polling is the truth. */
  readonly hints?: boolean
  /** It has the `windows` part, which rollups need. Default false. */
  readonly windows?: boolean
  /** `due({ aheadMs })` tells what is due soon as well, and `fire({ lookedAt })` keeps that from firing early. Default false. */
  readonly looksAhead?: boolean
  /**
   * `fire({ lookedAt })` waits for what is due within 20 ms, and then fires it: the engine asks a little before the instant. `'written'`:
   * it writes first, and waits with the commit, so that many are asked for earlier. Default false.
   */
  readonly waitsToFire?: boolean | 'written'
}

/** A hint, never the truth: it may be lost, late or doubled. */
export type StoreHint =
  // Something became due earlier than anyone was told; with `of`, runs did, and no schedule: whoever hears it need not look at those.
  | { readonly kind: 'work'; readonly of?: 'runs' }
  | { readonly kind: 'cancel'; readonly owner: string } // an owner should renew now to learn of a cancel
  | { readonly kind: 'settled'; readonly runId: string }
  | { readonly kind: 'lease'; readonly name: string } // a mutex was released

/**
 * Everything is batched: arrays in, arrays of the same order and length out, one round trip.
 * Verbs may be called concurrently. A verb that throws may or may not have taken effect; each is
 * safe to repeat. The store's clock decides every instant unless `now` is passed.
 */
export interface Store {
  /** For people: `memory`, `pg`, … */
  readonly name: string
  readonly capabilities: StoreCapabilities
  /** Ready for use; idempotent. Throws `SchemaNewer` when a newer version wrote it. */
  open(): Promise<void>
  /** Frees what `open` took; later calls throw `StoreClosed`. Never closes a client that the user passed in. */
  close(): Promise<void>
  /** The store's clock. */
  now(): Promise<number>
  /** Calls `listener` with hints until the returned function is called. */
  watch(listener: (hint: StoreHint) => void): () => void
  readonly schedules: ScheduleStore
  readonly runs: RunStore
  readonly leases: LeaseStore
  /** There where `capabilities.windows` is true. */
  readonly windows?: WindowStore | undefined
}
