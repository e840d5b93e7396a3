/** Runs as they are shown: instants as `Date`, JSON parsed, sensitive paths masked. */
import { redact } from '../observe/redact.ts'
import { readTrace } from '../observe/trace-context.ts'
import type { RunRecord } from '../store/records.ts'
import type { Run } from './scheduler.ts'

/** `sensitive` holds the paths of the job, if this process knows it; the payload of an unknown job is not shown at all. */
export function viewRun(record: RunRecord, sensitive: readonly string[] | null): Run {
  return {
    id: record.id,
    job: record.job,
    key: record.key,
    state: record.state,
    trigger: record.trigger,
    schedule: record.schedule,
    slot: dateOf(record.slot),
    payload: showPayload(record.payload ?? record.merging?.at(-1) ?? null, sensitive),
    priority: record.priority,
    runAt: new Date(record.runAt),
    createdAt: new Date(record.createdAt),
    startedAt: dateOf(record.startedAt),
    finishedAt: dateOf(record.finishedAt),
    attempt: record.attempt,
    failures: record.failures,
    crashes: record.crashes,
    triggers: record.triggers,
    reason: record.reason,
    progress: readJson(record.progress),
    result: readJson(record.result),
    error: record.error,
    attempts: record.attempts.map((attempt) => ({
      ...attempt,
      startedAt: new Date(attempt.startedAt),
      finishedAt: new Date(attempt.finishedAt),
    })),
    replayOf: record.replayOf,
    trace: readTrace(record.trace),
    cancelRequested: record.cancelRequested,
  }
}

/** JSON text of a payload as it may be shown. */
export function showPayload(text: string | null, sensitive: readonly string[] | null): unknown {
  if (text === null) return undefined
  // Which paths are secret is known only to code that knows the job.
  if (sensitive === null) return '[payload of a job that this process does not know]'
  return redact(JSON.parse(text), sensitive)
}

function readJson(text: string | null): unknown {
  return text === null ? undefined : JSON.parse(text)
}

function dateOf(at: number | null): Date | null {
  return at === null ? null : new Date(at)
}
