/** `POST /jobs/:job/trigger`: a run now or later, and its result for those who wait. */
import { QuarterjackError, type Run, type RunHandle } from '@quarterjack/core'
import * as z from 'zod/mini'
import { type Answer, type AnyEndpoint, type DescribedAnswer, defineEndpoint, json } from '../endpoint/endpoint.ts'
import { duration, durationText, instantOrMs, jobName, msOf, problem, runKey } from '../endpoint/schemas.ts'
import { Problem } from '../problem/problem.ts'
import { traceOf } from '../security/trace-of.ts'
import { type ControlDeps, jobNamed } from './deps.ts'
import { runSchema, showRun } from './shown.ts'

const body = z.strictObject({
  payload: z.optional(z.unknown()),
  key: z.optional(runKey),
  delay: z.optional(duration),
  runAt: z.optional(instantOrMs),
  priority: z.optional(z.number().check(z.int(), z.gte(-32_767), z.lte(32_767))),
  idempotencyKey: z.optional(z.string().check(z.minLength(1), z.maxLength(512))),
  idempotencyTtl: z.optional(duration),
  debounce: z.optional(
    z.union([
      z.literal(false),
      z.strictObject({
        wait: duration,
        maxWait: z.optional(duration),
        leading: z.optional(z.boolean()),
        trailing: z.optional(z.boolean()),
        merge: z.optional(z.enum(['last', 'first'])),
      }),
    ]),
  ),
  overlap: z.optional(z.literal('skip')),
})

const triggered = z.object({
  outcome: z.enum(['created', 'coalesced', 'duplicate', 'pruned', 'dropped', 'skipped']),
  runId: z.string(),
  run: z.nullable(runSchema),
})
export const waitQuery: z.ZodMiniType<{ readonly wait?: string | undefined }> = z.strictObject({ wait: z.optional(durationText) })
/** What `trigger` and `replay` answer. */
export const triggerAnswers: Readonly<Record<number, DescribedAnswer>> = {
  200: { description: 'The run ended within the wait, or was skipped at once.', schema: triggered },
  202: { description: 'The run is to come, or goes on.', schema: triggered },
  404: { description: 'There is no such job or run.', schema: problem },
  422: { description: 'The payload or an option does not fit.', schema: problem },
}

export function triggerEndpoint(deps: ControlDeps): AnyEndpoint {
  return defineEndpoint({
    id: 'triggerJob',
    method: 'POST',
    path: '/jobs/:job/trigger',
    access: 'write',
    summary: 'Requests a run. With ?wait=30s the answer has its result. Idempotency-Key may stand in the header or in the body.',
    params: z.object({ job: jobName }),
    query: waitQuery,
    body,
    answers: triggerAnswers,
    async handle({ params, query, body: given, request, requestId, note }) {
      const { payload, ...options } = given
      const idempotencyKey = idempotencyKeyOf(request.headers, given.idempotencyKey)
      const handle = await deps.scheduler.trigger(jobNamed(deps.scheduler, params.job), payload, {
        ...options,
        trace: traceOf(request, requestId),
        ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
      })
      note({ runId: handle.id })
      return answerTriggered(handle, query.wait, { ...deps, signal: request.signal })
    },
  })
}

/** Waits if asked to, and shows the run. */
export async function answerTriggered(
  handle: RunHandle,
  wait: string | undefined,
  { maxWaitMs, ...deps }: ControlDeps & { readonly signal: AbortSignal },
): Promise<Answer> {
  const waitMs = waitMsOf(wait, maxWaitMs)
  const facts = { outcome: handle.outcome, runId: handle.id }
  if (handle.outcome === 'pruned') return json(200, { ...facts, run: null })
  if (handle.outcome !== 'skipped' && waitMs > 0) await waitForEnd(handle, waitMs, deps)
  const run = await deps.scheduler.runs.get(handle.id)
  return json(run !== null && isOver(run) ? 200 : 202, { ...facts, run: run === null ? null : showRun(run) })
}

/** How long a request may wait. */
export function waitMsOf(wait: string | undefined, maxWaitMs: number): number {
  return Math.min(wait === undefined ? 0 : (msOf(wait) ?? 0), maxWaitMs)
}

export function isOver({ state }: Pick<Run, 'state'>): boolean {
  return ['succeeded', 'dead', 'cancelled', 'skipped'].includes(state)
}

/** However it ended, the run tells. */
export async function waitForEnd(
  handle: RunHandle,
  waitMs: number,
  { turns, signal }: Pick<ControlDeps, 'turns'> & { readonly signal: AbortSignal },
): Promise<void> {
  try {
    await turns.wait(handle, { waitMs, signal })
  } catch (error) {
    if (!QuarterjackError.isInstance(error) || !ENDS.has(error.code)) throw error
  }
}

const ENDS: ReadonlySet<string> = new Set(['RunFailed', 'RunCancelled', 'RunSkipped', 'UnknownRun'])

function idempotencyKeyOf(headers: Headers, given: string | undefined): string | undefined {
  const header = headers.get('idempotency-key') ?? undefined
  if (header !== undefined && given !== undefined && header !== given) {
    throw new Problem('InvalidRequest', 'The header Idempotency-Key and idempotencyKey of the body differ.')
  }
  return header ?? given
}
