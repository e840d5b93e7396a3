/** Where suites of faults take place: a kind of server, and sites on it. */
import type { Site } from './site.ts'
import type { JobPlan } from './worker-plan.ts'

/** What each kind of store brings. */
export interface Ground {
  /** As a person calls it: `Postgres`. */
  readonly name: string
  /** Starts one that keeps what it has acknowledged. */
  startServer(): Promise<GroundServer>
  /** What a server that comes back answers with until it is ready. Default: nothing that is an error. */
  readonly errorsOnReturn?: RegExp
}

/** A server of the suite's own. Ends when it is disposed of. */
export interface GroundServer extends AsyncDisposable {
  /** A fresh store, and `jobs` for whoever is started. */
  createSite(jobs: readonly JobPlan[]): Promise<Site>
  /** Ends at once, as after a crash. */
  crash(): Promise<void>
  /** Comes back after it. */
  start(): Promise<void>
}
