/** What the processes of a soak tell each other, and what is measured: plain data. */

/** The load of one worker; together it stays below what two small cores can do, so that a growing delay is a leak and not a queue. */
export const LOAD = {
  /** Dynamic schedules, shared by all workers, each firing every `scheduleMs`. */
  schedules: 1_000,
  scheduleMs: 5_000,
  /** Between triggers that are awaited one by one. */
  singleMs: 20,
  /** Triggers in one call, and how often. */
  bulk: 500,
  bulkMs: 2_500,
  /** Between debounced triggers, spread over keys. */
  debouncedMs: 50,
  debouncedKeys: 20,
  /** Between triggers of a job that fails three times in four, and is tried twice again. */
  flakyMs: 200,
  /** Between locks of a mutex that all workers want. */
  mutexMs: 200,
} as const

/** One look at one process. Of the latencies: those since the look before. */
export interface ProcessSample {
  readonly rssBytes: number
  /** After a collection. */
  readonly heapBytes: number
  readonly lateMs: Spread
  readonly startMs: Spread
  /** Handlers that were called since the look before. */
  readonly executions: number
}

/** Milliseconds; 0 of nothing. */
export interface Spread {
  readonly count: number
  readonly p50: number
  readonly p99: number
}

/** One look at the server. */
export interface ServerSample {
  readonly tableBytes: number
  readonly indexBytes: number
  /** The largest of them, for the report. */
  readonly relations: Readonly<Record<string, number>>
  readonly deadTuples: number
  /** Of tables that hold one row per thing that exists, not per thing that happened. */
  readonly standingRows: number
  readonly connections: number
  /** Memory of the processes that serve connections, shared pages counted in part. */
  readonly backendBytes: number
  readonly unfinishedRuns: number
  readonly finishedRuns: number
}

/** One hold of the mutex: instants in ms of a clock that all processes of the machine share. */
export interface Hold {
  readonly fence: number
  readonly askedAt: number
  readonly beganAt: number
  readonly endedAt: number
}

/** What one worker did in all, once its load has ended. */
export interface Tally {
  /** Triggers that were answered with a run of their own, by job. */
  readonly promised: Readonly<Record<string, number>>
  /** Runs whose handler returned, by job. */
  readonly succeeded: Readonly<Record<string, number>>
  /** Runs that are dead, by job. */
  readonly dead: Readonly<Record<string, number>>
  /** Each hold of the mutex. */
  readonly holds: readonly Hold[]
  /** Triggers and locks that threw. */
  readonly errors: readonly string[]
  /** Store failures and stale results that the scheduler told of. */
  readonly troubles: readonly string[]
}

/** To a worker. */
export type Word = 'sample' | 'ease' | 'tally'

/** From a worker. */
export type Reply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'sample'; readonly sample: ProcessSample }
  | { readonly kind: 'eased' }
  | { readonly kind: 'tally'; readonly tally: Tally }
