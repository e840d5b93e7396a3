/** `/runs` and `/dead`: the history, cancel, replay, dead letters. */
import type { RunFilter, RunState } from '@quarterjack/core'
import * as z from 'zod/mini'
import { type Answer, type AnyEndpoint, defineEndpoint, json } from '../endpoint/endpoint.ts'
import { countText, cursor, instant, instantOrMs, jobName, problem, reason, runId, runKey } from '../endpoint/schemas.ts'
import { Problem } from '../problem/problem.ts'
import { type ControlDeps, jobNamed } from './deps.ts'
import { pageOf } from './page.ts'
import { runSchema, showRun } from './shown.ts'
import { answerTriggered, isOver, triggerAnswers, waitForEnd, waitMsOf, waitQuery } from './trigger.ts'

const params = z.object({ id: runId })
const state = z.enum(['pending', 'waiting', 'running', 'succeeded', 'dead', 'cancelled', 'skipped'])
const filter = {
  job: z.optional(jobName),
  key: z.optional(runKey),
  createdAfter: z.optional(instant),
  createdBefore: z.optional(instant),
  cursor: z.optional(cursor),
  limit: z.optional(countText(1, 500)),
}
/** Runs that one request cancels or replays. */
const MOST_AT_ONCE = 1_000
/** Which runs to cancel or replay together. */
const together = {
  key: z.optional(runKey),
  createdAfter: z.optional(instantOrMs),
  createdBefore: z.optional(instantOrMs),
  limit: z.optional(z.number().check(z.int(), z.gte(1), z.lte(MOST_AT_ONCE))),
}
const unfinished = z.enum(['pending', 'waiting', 'running'])
const page = z.object({ runs: z.array(runSchema), next: z.nullable(z.string()) })
const unknownRun = { 404: { description: 'There is no such run, or it is no longer kept.', schema: problem } }

type PageQuery = Omit<RunFilter, 'after' | 'state'> & { readonly cursor?: string | undefined }

export function runEndpoints(deps: ControlDeps): readonly AnyEndpoint[] {
  const { scheduler } = deps
  const list = async ({ cursor: after, ...query }: PageQuery, states: RunState | readonly RunState[] | undefined): Promise<Answer> => {
    const limit = query.limit ?? 50
    const found = await scheduler.runs.find({ ...query, after, state: states, limit: limit + 1 })
    const { items, next } = pageOf(found, limit, ({ id }) => id)
    return json(200, { runs: items.map(showRun), next })
  }

  return [
    defineEndpoint({
      id: 'listRuns',
      method: 'GET',
      path: '/runs',
      access: 'read',
      summary: 'Runs, the newest first. Give `next` as `cursor` for the page after.',
      query: z.strictObject({ ...filter, state: z.optional(z.union([state, z.array(state)])) }),
      answers: { 200: { description: 'a page', schema: page } },
      handle: ({ query: { state: states, ...query } }) => list(query, states),
    }),
    defineEndpoint({
      id: 'getRun',
      method: 'GET',
      path: '/runs/:id',
      access: 'read',
      summary: 'One run with its attempts. With ?wait=30s the answer comes when it has ended, or after that time.',
      params,
      query: waitQuery,
      answers: { 200: { description: 'the run', schema: runSchema }, ...unknownRun },
      async handle({ params: { id }, query, request }) {
        const run = await scheduler.runs.get(id)
        if (run === null) throw new Problem('NotFound', 'There is no such run, or it is no longer kept.', { code: 'UnknownRun' })
        const waitMs = waitMsOf(query.wait, deps.maxWaitMs)
        if (waitMs === 0 || isOver(run)) return json(200, showRun(run))
        await waitForEnd(await scheduler.runs.handle(id), waitMs, { ...deps, signal: request.signal })
        return json(200, showRun((await scheduler.runs.get(id)) ?? run))
      },
    }),
    defineEndpoint({
      id: 'cancelRun',
      method: 'POST',
      path: '/runs/:id/cancel',
      access: 'write',
      summary: 'Cancels a run; one that executes is asked to stop.',
      params,
      body: z.strictObject({ reason: z.optional(reason) }),
      answers: { 200: { description: 'false: it had ended', schema: z.object({ cancelled: z.boolean() }) }, ...unknownRun },
      async handle({ params: { id }, body }) {
        return json(200, { cancelled: await scheduler.runs.cancel(id, body.reason) })
      },
    }),
    defineEndpoint({
      id: 'cancelRuns',
      method: 'POST',
      path: '/jobs/:job/cancel',
      access: 'write',
      summary: 'Cancels every run of the job that matches and has not ended, the newest first.',
      params: z.object({ job: jobName }),
      body: z.strictObject({
        ...together,
        state: z.optional(z.union([unfinished, z.array(unfinished)])),
        reason: z.optional(reason),
      }),
      answers: {
        200: { description: 'how many; as many as limit: there may be more', schema: z.object({ cancelled: z.number() }) },
        404: { description: 'There is no such job.', schema: problem },
      },
      async handle({ params: { job }, body: { reason: why, limit = MOST_AT_ONCE, ...filter } }) {
        return json(200, { cancelled: await scheduler.runs.cancelAll({ ...filter, job: jobNamed(scheduler, job), limit }, why) })
      },
    }),
    defineEndpoint({
      id: 'replayRun',
      method: 'POST',
      path: '/runs/:id/replay',
      access: 'write',
      summary: 'A new run with the payload of one that ended.',
      params,
      query: waitQuery,
      body: z.strictObject({}),
      answers: { ...triggerAnswers, 409: { description: 'It has not ended.', schema: problem } },
      async handle({ params: { id }, query, request, note }) {
        const handle = await scheduler.runs.replay(id)
        note({ runId: handle.id })
        return answerTriggered(handle, query.wait, { ...deps, signal: request.signal })
      },
    }),
    defineEndpoint({
      id: 'listDead',
      method: 'GET',
      path: '/dead',
      access: 'read',
      summary: 'The dead letters, the newest first.',
      query: z.strictObject(filter),
      answers: { 200: { description: 'a page', schema: page } },
      handle: ({ query }) => list(query, 'dead'),
    }),
    defineEndpoint({
      id: 'replayDead',
      method: 'POST',
      path: '/dead/replay',
      access: 'write',
      summary:
        'Replays every dead run that matches and was not replayed yet, or with again all of them, the oldest first. Without a job it means those of all jobs.',
      body: z.strictObject({ job: z.optional(jobName), ...together, again: z.optional(z.boolean()) }),
      answers: { 202: { description: 'the new runs', schema: z.object({ runs: z.array(z.string()) }) } },
      async handle({ body }) {
        return json(202, { runs: (await scheduler.runs.replayAll(body)).map(({ id }) => id) })
      },
    }),
  ]
}
