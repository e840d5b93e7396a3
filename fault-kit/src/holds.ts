/** Who held a mutex when, and whose guarded writes were let in. Each store has a record of its own kind, on a server that nothing happens to. */

/** One time that it was held. */
export interface Hold {
  readonly fence: number
  readonly holder: string
  readonly from: number
  /** Null: its process did not live to see the end. */
  readonly to: number | null
  /** The signal had aborted. */
  readonly told: boolean | null
  /** Something that the lock protects took the write at the end: no later fence had written. */
  readonly wrote: boolean | null
}

/** For the processes that write it, and the test that reads it. */
export interface Holds {
  /** Writes what the lock protects as well. */
  begin(fence: number, holder: string): Promise<void>
  /** Writes what the lock protects; false when it was kept out. */
  write(fence: number): Promise<boolean>
  end(fence: number, how: Pick<Hold, 'told' | 'wrote'>): Promise<void>
  /** In the order of their beginnings. */
  all(): Promise<readonly Hold[]>
  /** The record's clock, in ms. */
  now(): Promise<number>
  close(): Promise<void>
}
