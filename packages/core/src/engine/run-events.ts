/** Turns what happened to a run into events. */
import type { Emitter } from '../observe/emitter.ts'
import type { Logger } from '../observe/logger.ts'
import type { Verdict } from './classify-ending.ts'
import type { Execution } from './holdings.ts'

/** Who is told. */
export interface Observers {
  readonly emitter: Emitter
  readonly logger: Logger
}

/** Fields that every run event carries. */
export function runFields(
  execution: Execution,
  at: number,
): {
  job: string
  key: string
  runId: string
  trigger: Execution['record']['trigger']
  slot: number | null
  attempt: number
  at: number
} {
  const { record } = execution
  return {
    job: record.job,
    key: record.key,
    runId: record.id,
    trigger: record.trigger,
    slot: record.slot,
    attempt: record.attempt,
    at: Math.round(at),
  }
}

/** The event of a settled attempt; failures are logged as well, for whoever listens to nothing else. */
export function reportSettled(observers: Observers, execution: Execution, verdict: Verdict, at: number, value: unknown): void {
  const { emitter, logger } = observers
  if (verdict.then.to === 'succeeded' && !emitter.hears('run.succeeded')) return
  const fields = runFields(execution, at)
  const durationMs = Math.max(0, Math.round(at - (execution.startedAt ?? at)))
  const { then, error } = verdict
  const what = describe(execution)
  switch (then.to) {
    case 'succeeded':
      return emitter.emit('run.succeeded', { ...fields, durationMs, result: value })
    case 'retry': {
      const known = error ?? { name: 'Error', message: 'unknown' }
      logger.warn({ ...logged(fields), err: known, retryInMs: then.delayMs }, `${what} failed and is tried again: ${known.message}`)
      return emitter.emit('run.retrying', { ...fields, durationMs, error: known, retryAt: Math.round(at + then.delayMs) })
    }
    case 'dead':
      logger.error({ ...logged(fields), err: error }, `${what} is dead: ${then.reason}`)
      return emitter.emit('run.dead', { ...fields, durationMs, error, reason: then.reason })
    case 'cancelled':
      return emitter.emit('run.cancelled', { ...fields, reason: then.reason })
    case 'skipped':
      return emitter.emit('run.skipped', { ...fields, reason: then.reason })
    case 'released':
      return emitter.emit('run.released', fields)
  }
}

/** For messages. */
export function describe({ record }: Execution): string {
  return `run ${record.id} of job "${record.job}" (attempt ${record.attempt})`
}

function logged({ job, key, runId, attempt }: ReturnType<typeof runFields>): Record<string, unknown> {
  return { job, ...(key === '' ? {} : { key }), runId, attempt }
}
