/** Who fires schedules, as the scenarios ask it. */

/** Told which schedule fired, and for which slot. */
export type OnFire = (key: string, slotAt: number) => void

export interface SlotPeer {
  /** Makes the schema, and whatever a client needs. */
  open(): Promise<void>
  /** As many schedules that are all due at each whole `periodMs`. */
  set(count: number, periodMs: number): Promise<void>
  /** Makes ready as many schedules of `periodMs`, spread evenly over it; the answer creates them. Not every peer can do that. */
  spread?(count: number, periodMs: number): () => Promise<void>
  work(onFire: OnFire): Promise<void>
}

/** Schedules that those peers have that keep them in their code. */
export const COUNT_OF_PEERS = 1_000

export const MINUTE_MS = 60_000
