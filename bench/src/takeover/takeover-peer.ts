/** Who takes a dead process's run over, as the scenario asks it. */

export interface TakeoverPeer {
  open(): Promise<void>
  /** One job that never ends. */
  trigger(): Promise<void>
  work(onStart: () => void): Promise<void>
}

export interface TakeoverSite {
  readonly url: string
  /** How long a process that says nothing is believed to live. */
  readonly leaseMs: number
}

/** What the peers are told, each in its own words. */
export const JOB = 'endless'
