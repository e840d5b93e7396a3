/** What an engine is made of, and what it answers to. `create-engine.ts` makes one. */
import type { JobPolicy, RunContext, RunScheduler } from '../job/job.ts'
import type { Emitter } from '../observe/emitter.ts'
import type { Logger } from '../observe/logger.ts'
import type { NextId } from '../random/ids.ts'
import type { RunRecord } from '../store/records.ts'
import type { EnqueueReply } from '../store/runs.ts'
import type { Store } from '../store/store.ts'
import type { Clock } from '../time/clock.ts'
import type { Trigger } from '../trigger/coalesce.ts'
import type { EngineFacts } from './engine-facts.ts'
import type { Definition, Standing } from './register.ts'
import type { StoreLink } from './store-link.ts'

export interface EngineOptions {
  readonly link: StoreLink
  readonly clock: Clock
  readonly random: () => number
  readonly nextId: NextId
  readonly emitter: Emitter
  readonly logger: Logger
  readonly concurrency: number
  readonly leaseMs: number
  readonly abortGraceMs: number
  readonly limits: { readonly payload: number; readonly result: number; readonly error: number }
  readonly around: ((ctx: RunContext, next: () => Promise<unknown>) => Promise<unknown>) | null
  /** The scheduler as the handler of a run reaches it. */
  readonly schedulerOf: (run: RunRecord) => RunScheduler
  /** Every job of the scheduler, executed here or not. */
  readonly policies: ReadonlyMap<string, JobPolicy>
  /** Definitions were registered, at the start or later. Answers with the jobs whose runs are to be left to other versions of the program. */
  readonly onRegistered?: ((standings: ReadonlyMap<string, Standing>) => Promise<readonly string[]>) | undefined
}

/** What one bounded pass may do, and how often such passes come. */
export interface PassRule {
  /** Runs it executes at most. */
  readonly quota: number
  /** Slots are as late as passes are apart: they are missed only when they are later than that as well. */
  readonly everyMs: number
}

export interface Engine {
  /** Declares and registers `definitions`, and begins to execute their jobs: without end, or for one pass. */
  start(definitions: readonly Definition[], pass?: PassRule): Promise<ReadonlyMap<string, Standing>>
  stop(graceMs: number): Promise<readonly string[]>
  /** Resolves when nothing is due and nothing is held, or the quota is used up and done; at the latest after `ms`. */
  quietWithin(ms: number): Promise<void>
  enqueue(trigger: Trigger): Promise<EnqueueReply>
  enqueueAll(triggers: readonly Trigger[]): Promise<readonly EnqueueReply[]>
  enqueueWith(triggers: readonly Trigger[], tx: unknown): Promise<readonly EnqueueReply[]>
  /** Calls the store with retries; for verbs that are safe to repeat. */
  call<T extends object>(verb: string, run: (store: Store) => Promise<T>): Promise<T>
  /** Calls the store once, with the deadline only. */
  callOnce<T extends object>(verb: string, run: (store: Store) => Promise<T>): Promise<T>
  /** Looks for work now. */
  stir(): void
  /** Looks how its definitions stand in the store: another process may have replaced them. */
  registerAgain(): Promise<void>
  /** Earliest store instant at which there may be work; null if none is known. */
  nextWakeAt(): number | null
  facts(): EngineFacts
  /** Of this process's definition of the job, while that is the one in force as far as it knows; null otherwise. */
  generationOf(job: string): number | null
  /** The longest run of a job that executes in this process. */
  longestRun(job: string): { readonly runId: string; readonly startedAt: number } | null
  /** The loop turns, and not every permit is stuck. True before `start`. */
  live(): boolean
}
