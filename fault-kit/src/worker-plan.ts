/** What a worker process is told, and what it tells: plain data that crosses the process boundary. */
import type { Duration, HealthSnapshot, SchedulerEventName } from '@quarterjack/core'

/** A job of a worker. Its handler works for a while, and records that it did. */
export interface JobPlan {
  readonly name: string
  /** Intervals of its schedules. */
  readonly every?: readonly Duration[]
  /** How long the handler works in the first execution of a run, the second, …; the last stands for later ones. Default at once. */
  readonly workMs?: readonly number[]
  /** What it does when its signal aborts. Default `stops`; `returns` looks at nothing and returns a result in the end. */
  readonly onAbort?: 'stops' | 'returns'
  readonly overlap?: 'skip' | 'queue' | 'allow'
  readonly concurrency?: number
  readonly catchUp?: 'latest' | 'none' | { readonly all: true; readonly limit?: number }
  readonly misfireAfter?: Duration
}

/** One process. Each store adds how its store and its record of effects are reached. */
export interface WorkerPlan {
  readonly name: string
  /** How it reaches the store; perhaps by way of a proxy. */
  readonly storeUrl: string
  readonly jobs: readonly JobPlan[]
  readonly concurrency?: number
  /** Default {@link LEASE_MS}. */
  readonly leaseMs?: number
}

/** Shortest that there is, so that tests wait for little. */
export const LEASE_MS = 2_000

/** A request to a worker. */
export type Ask =
  | { readonly what: 'health' }
  /** Triggers the job again and again, `each` milliseconds, until `ease`. */
  | { readonly what: 'load'; readonly job: string; readonly each: number }
  /** Ends the load, and waits for the triggers under way. */
  | { readonly what: 'ease' }

/** What it gives back. */
export interface Answers {
  readonly health: HealthSnapshot
  readonly load: null
  readonly ease: TriggerTally
}

/** What became of the triggers of a load. */
export interface TriggerTally {
  /** Runs that `trigger` answered with. */
  readonly acknowledged: readonly string[]
  /** Calls that threw: their runs may exist or not. */
  readonly refused: number
  /** Codes of those errors. */
  readonly codes: readonly string[]
}

/** From the worker. */
export type Told =
  | { readonly kind: 'ready' }
  | { readonly kind: 'event'; readonly name: SchedulerEventName; readonly event: unknown }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string }

/** To the worker. */
export interface Asked {
  readonly id: number
  readonly ask: Ask
}
