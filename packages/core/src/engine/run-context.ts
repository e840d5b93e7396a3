/** What a handler gets. */
import type { RunContext, RunScheduler } from '../job/job.ts'
import { deserialisePayload, parsePayload } from '../job/payload.ts'
import { tellPolicy } from '../job/run-defaults.ts'
import type { Logger } from '../observe/logger.ts'
import { readTrace, type TraceContext } from '../observe/trace-context.ts'
import { truncateText } from '../observe/truncate-text.ts'
import type { RunRecord } from '../store/records.ts'
import { offerCommit, type RunCommit } from '../store/run-commit.ts'
import { mergePayloads } from '../trigger/coalesce.ts'
import type { Execution } from './holdings.ts'
import { keepResult } from './keep-result.ts'
import type { ReportLoss } from './loss-log.ts'
import type { RunAbort } from './run-abort.ts'
import { SkipSignal } from './skip-signal.ts'

const MAX_PROGRESS_BYTES = 4_096
const MAX_REASON_BYTES = 1_024

/** What the context tells others. */
export interface ContextDeps {
  readonly logger: Logger
  readonly reportLoss: ReportLoss
  readonly schedulerOf: (run: RunRecord) => RunScheduler
  /** Makes the commit of this run, for a store that has transactions. */
  readonly commit: (value: unknown) => RunCommit
}

/** The payload as the job's schema has it, merged triggers folded; a promise only where the schema gives one. Throws `PayloadInvalid`. */
export function readPayload(execution: Execution): unknown {
  const { record, policy } = execution
  return parsePayload(policy.payload, deserialisePayload(payloadText(execution)), `run ${record.id} of job "${record.job}"`)
}

export function buildContext(payload: unknown, execution: Execution, deps: ContextDeps): RunContext {
  const ctx = new Context(payload, execution, deps)
  offerCommit(ctx, deps.commit)
  tellPolicy(ctx, execution.policy)
  return Object.freeze(ctx)
}

/** A class, since most handlers look at neither their signal nor their logger: those are made when they do. */
class Context implements RunContext {
  readonly payload: unknown
  readonly runId: string
  readonly job: string
  readonly key: string
  readonly attempt: number
  readonly maxAttempts: number
  readonly slot: Date | null
  readonly trigger: RunRecord['trigger']
  readonly fence: number
  readonly idempotencyKey: string
  readonly progress: (value: unknown) => void
  readonly skip: (reason: string) => never
  readonly #abort: RunAbort
  readonly #record: RunRecord
  readonly #logger: Logger
  readonly #schedulerOf: ContextDeps['schedulerOf']
  #log: Logger | null = null
  #scheduler: RunScheduler | null = null

  constructor(payload: unknown, execution: Execution, { logger, reportLoss, schedulerOf }: ContextDeps) {
    const { record, policy } = execution
    this.payload = payload
    this.runId = record.id
    this.job = record.job
    this.key = record.key
    this.attempt = record.attempt
    this.maxAttempts = record.attempt + Math.max(0, policy.retry.retries - record.failures)
    this.slot = record.slot === null ? null : new Date(record.slot)
    this.trigger = record.trigger
    this.fence = record.fence
    this.idempotencyKey = record.id
    this.#abort = execution.abort
    this.#record = record
    this.#logger = logger
    this.#schedulerOf = schedulerOf
    // Of the object itself: handlers take them out of it.
    this.progress = (value) => keepProgress(execution, value, reportLoss)
    this.skip = skip
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  get trace(): TraceContext | null {
    return readTrace(this.#record.trace)
  }

  get log(): Logger {
    const { job, key, runId, attempt, trace } = this
    const fields = { job, ...(key === '' ? {} : { key }), runId, attempt }
    const requestId = trace?.requestId
    this.#log ??= this.#logger.child?.(requestId === undefined ? fields : { ...fields, requestId }) ?? this.#logger
    return this.#log
  }

  get scheduler(): RunScheduler {
    this.#scheduler ??= Object.freeze(this.#schedulerOf(this.#record))
    return this.#scheduler
  }
}

function keepProgress(execution: Execution, value: unknown, reportLoss: ReportLoss): void {
  const { text, loss } = keepResult(value ?? null, MAX_PROGRESS_BYTES)
  execution.progress = text
  if (loss !== null) reportLoss(execution, `progress ${loss}`)
}

function skip(reason: string): never {
  // Called without its types it may say anything; the run is skipped all the same.
  const said: unknown = reason
  throw new SkipSignal(typeof said === 'string' && said.trim() !== '' ? truncateText(said, MAX_REASON_BYTES) : 'no reason given')
}

function payloadText({ record, policy }: Execution): string | null {
  const merge = policy.debounce?.merge
  if (record.merging === null || record.merging.length === 0) return record.payload
  if (typeof merge !== 'function') return record.merging.at(-1) ?? record.payload
  return mergePayloads(record.merging, merge)
}
