/** A job queue, as the scenarios ask it. */

export interface QueuePeer {
  /** Makes the schema, and whatever a client needs. */
  open(): Promise<void>
  /** One job; resolves when it is stored. */
  add(n: number): Promise<void>
  /** As many at once, in the peer's own bulk call. */
  addMany(count: number): Promise<void>
  /** Begins to work; `onStart` is all that the handler does. */
  work(onStart: (n: number) => void): Promise<void>
  /** No job is left that is not recorded as done. */
  isDrained(): Promise<boolean>
  close(): Promise<void>
}

/** The fastest configuration differs by what is asked for. */
export type Tuning = 'throughput' | 'latency'

export type QueuePeerFactory = (url: string, tuning: Tuning) => QueuePeer | Promise<QueuePeer>

/** What every job carries. */
export interface Payload {
  readonly n: number
}
