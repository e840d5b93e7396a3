/** Turns what happened to a run into events. */
import type { Emitter } from '../observe/emitter.ts'
import type { Verdict } from './classify-ending.ts'
import type { Execution } from './holdings.ts'

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

/** The event of a settled attempt. */
export function emitSettled(emitter: Emitter, execution: Execution, verdict: Verdict, at: number, value: unknown): void {
  const fields = runFields(execution, at)
  const durationMs = Math.max(0, Math.round(at - (execution.startedAt ?? at)))
  const { then, error } = verdict
  switch (then.to) {
    case 'succeeded':
      return emitter.emit('run.succeeded', { ...fields, durationMs, result: value })
    case 'retry':
      return emitter.emit('run.retrying', {
        ...fields,
        durationMs,
        error: error ?? { name: 'Error', message: 'unknown' },
        retryAt: Math.round(at + then.delayMs),
      })
    case 'dead':
      return emitter.emit('run.dead', { ...fields, durationMs, error, reason: then.reason })
    case 'cancelled':
      return emitter.emit('run.cancelled', { ...fields, reason: then.reason })
    case 'skipped':
      return emitter.emit('run.skipped', { ...fields, reason: then.reason })
    case 'released':
      return emitter.emit('run.released', fields)
  }
}
