/** Runs, schedules and jobs as the API shows them: instants as ISO 8601, errors without their stacks. */
import type { JobHealth, Run, Scheduler, StoredError } from '@quarterjack/core'
import * as z from 'zod/mini'
import { date } from '../endpoint/schemas.ts'

const maybe = <T extends z.ZodMiniType>(schema: T): z.ZodMiniNullable<T> => z.nullable(schema)
const state = z.enum(['pending', 'waiting', 'running', 'succeeded', 'dead', 'cancelled', 'skipped'])
export const errorSchema: z.ZodMiniType = z.object({ name: z.string(), message: z.string(), code: z.optional(z.string()) })

export const attemptSchema: z.ZodMiniType = z.object({
  number: z.number(),
  outcome: z.string(),
  owner: z.string(),
  startedAt: date,
  finishedAt: date,
  error: maybe(errorSchema),
})

export const runSchema: z.ZodMiniType = z.object({
  id: z.string(),
  job: z.string(),
  key: z.string(),
  state,
  trigger: z.string(),
  schedule: maybe(z.string()),
  slot: maybe(date),
  payload: z.optional(z.unknown()),
  priority: z.number(),
  runAt: date,
  createdAt: date,
  startedAt: maybe(date),
  finishedAt: maybe(date),
  attempt: z.number(),
  failures: z.number(),
  crashes: z.number(),
  triggers: z.number(),
  reason: maybe(z.string()),
  progress: z.optional(z.unknown()),
  result: z.optional(z.unknown()),
  error: maybe(errorSchema),
  attempts: z.array(attemptSchema),
  replayOf: maybe(z.string()),
  trace: maybe(z.object({ traceparent: z.optional(z.string()), tracestate: z.optional(z.string()), requestId: z.optional(z.string()) })),
  cancelRequested: maybe(z.string()),
})

export const scheduleSchema: z.ZodMiniType = z.object({
  job: z.string(),
  name: z.string(),
  key: z.string(),
  kind: z.enum(['static', 'dynamic']),
  description: z.string(),
  state: z.enum(['active', 'suspended', 'exhausted', 'quarantined']),
  cursor: date,
  nextSlot: maybe(date),
  nextDueAt: maybe(date),
  slots: z.number(),
  payload: z.optional(z.unknown()),
  suspended: maybe(z.object({ at: date, reason: z.string() })),
})

export const jobSchema: z.ZodMiniType = z.object({
  name: z.string(),
  status: z.string(),
  why: z.array(z.string()),
  running: z.number(),
  pending: z.number(),
  waiting: z.number(),
  nextSlot: maybe(date),
  suspended: maybe(z.object({ at: date, reason: z.string() })),
  policy: z.object({
    takesPayload: z.boolean(),
    schedules: z.number(),
    overlap: z.string(),
    concurrency: maybe(z.number()),
    mutex: maybe(z.string()),
    priority: z.number(),
    timeoutMs: maybe(z.number()),
    retries: z.number(),
  }),
})

/** Stacks tell of files and versions; they stay in the store and in the log. */
export function showError(stored: StoredError | null): Readonly<Record<string, unknown>> | null {
  if (stored === null) return null
  const { name, message, code } = stored
  return { name, message, ...(code === undefined ? {} : { code }) }
}

export function showRun(run: Run): Readonly<Record<string, unknown>> {
  return {
    ...run,
    error: showError(run.error),
    attempts: run.attempts.map(({ number, outcome, owner, startedAt, finishedAt, error: failed }) => ({
      number,
      outcome,
      owner,
      startedAt,
      finishedAt,
      error: showError(failed),
    })),
  }
}

export function showJob({ name, policy }: Scheduler['jobs'][number], health: JobHealth | undefined): Readonly<Record<string, unknown>> {
  return {
    name,
    status: health?.status ?? 'unhealthy',
    why: health?.why ?? [],
    running: health?.running ?? 0,
    pending: health?.pending ?? 0,
    waiting: health?.waiting ?? 0,
    nextSlot: health?.nextSlot ?? null,
    suspended: health?.suspended ?? null,
    policy: showPolicy(policy),
  }
}

/** A rollup is refreshed by a job of its name, one run after the other. */
function showPolicy(policy: Scheduler['jobs'][number]['policy']): Readonly<Record<string, unknown>> {
  const { concurrency, timeoutMs, retry } = policy
  const common = { concurrency, timeoutMs, retries: retry.retries }
  if ('windows' in policy) {
    return { ...common, takesPayload: false, schedules: policy.schedules.length + 1, overlap: 'queue', mutex: null, priority: 0 }
  }
  const { payload, schedules, overlap, mutex, priority } = policy
  return { ...common, takesPayload: payload !== null, schedules: schedules.length, overlap, mutex, priority }
}
