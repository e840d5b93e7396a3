/** `/backfills`, and those of one rollup: plan, ask for, watch, pause, resume, cancel. */
import type { BackfillView } from '@quarterjack/core'
import * as z from 'zod/mini'
import { type Answer, type AnyEndpoint, defineEndpoint, json } from '../endpoint/endpoint.ts'
import { noQuery } from '../endpoint/parse.ts'
import { countText, duration, durationWithUnit, instant, instantOrMs, jobName, problem, reason, runId } from '../endpoint/schemas.ts'
import { type ControlDeps, given, rollupNamed } from './deps.ts'
import { backfillSchema, order, planSchema, select } from './shown-rollups.ts'

const ofRollup = z.object({ rollup: jobName })
const ofBackfill = z.object({ id: runId })
const selection = {
  date: z.optional(z.string().check(z.regex(/^\d{4}-\d{2}-\d{2}$/))),
  select: z.optional(select),
  order: z.optional(order),
}
const filter = { unfinished: z.optional(z.enum(['true', 'false'])), limit: z.optional(countText(1, 500)) }
const page = z.object({ backfills: z.array(backfillSchema) })
const changed = z.object({ changed: z.boolean() })
const unknownRollup = { 404: { description: 'There is no such rollup.', schema: problem } }
const unknownBackfill = { 404: { description: 'There is no such backfill.', schema: problem } }
const outOfRange = {
  422: { description: 'The range lies outside what the rollup can refresh, or an option does not fit.', schema: problem },
}

interface Filter {
  readonly unfinished?: 'true' | 'false' | undefined
  readonly limit?: number | undefined
}

export function backfillEndpoints({ scheduler }: ControlDeps): readonly AnyEndpoint[] {
  const list = async (rollup: string | undefined, { unfinished, limit }: Filter): Promise<Answer> => {
    const known = rollup === undefined ? undefined : rollupNamed(scheduler, rollup)
    return json(200, { backfills: await scheduler.rollups.backfills(given({ rollup: known, unfinished: unfinished === 'true', limit })) })
  }
  const progress = async (id: string): Promise<BackfillView> => (await scheduler.rollups.backfill(id)).progress()

  return [
    defineEndpoint({
      id: 'listBackfills',
      method: 'GET',
      path: '/backfills',
      access: 'read',
      summary: 'Backfills with their progress, the newest first.',
      query: z.strictObject({ ...filter, rollup: z.optional(jobName) }),
      answers: { 200: { description: 'backfills', schema: page }, ...unknownRollup },
      handle: ({ query: { rollup, ...query } }) => list(rollup, query),
    }),
    defineEndpoint({
      id: 'listBackfillsOfRollup',
      method: 'GET',
      path: '/rollups/:rollup/backfills',
      access: 'read',
      summary: 'The backfills of one rollup with their progress, the newest first.',
      params: ofRollup,
      query: z.strictObject(filter),
      answers: { 200: { description: 'backfills', schema: page }, ...unknownRollup },
      handle: ({ params: { rollup }, query }) => list(rollup, query),
    }),
    defineEndpoint({
      id: 'planBackfill',
      method: 'GET',
      path: '/rollups/:rollup/backfills/plan',
      access: 'read',
      summary: 'What a backfill would do, without doing it.',
      params: ofRollup,
      query: z.strictObject({
        from: z.optional(instant),
        to: z.optional(instant),
        last: z.optional(durationWithUnit),
        ...selection,
        concurrency: z.optional(countText(1, 64)),
      }),
      answers: { 200: { description: 'the plan', schema: planSchema }, ...unknownRollup, ...outOfRange },
      async handle({ params: { rollup }, query }) {
        return json(200, await scheduler.rollups.planBackfill(rollupNamed(scheduler, rollup), query))
      },
    }),
    defineEndpoint({
      id: 'createBackfill',
      method: 'POST',
      path: '/rollups/:rollup/backfills',
      access: 'write',
      summary: 'Recomputes a range: kept by the store, worked on by all processes. Say which windows: last, from and to, date, or select.',
      params: ofRollup,
      body: z.strictObject({
        from: z.optional(instantOrMs),
        to: z.optional(instantOrMs),
        last: z.optional(duration),
        ...selection,
        concurrency: z.optional(z.number().check(z.int(), z.gte(1), z.lte(64))),
      }),
      answers: {
        202: { description: 'the backfill', schema: backfillSchema },
        409: { description: 'An unfinished backfill has windows of this range.', schema: problem },
        ...unknownRollup,
        ...outOfRange,
      },
      async handle({ params: { rollup }, body, note }) {
        const backfill = await scheduler.backfill(rollupNamed(scheduler, rollup), body)
        note({ backfill: backfill.id })
        return json(202, await backfill.progress())
      },
    }),
    defineEndpoint({
      id: 'getBackfill',
      method: 'GET',
      path: '/backfills/:id',
      access: 'read',
      summary: 'One backfill with its progress, rate and estimate.',
      params: ofBackfill,
      query: noQuery,
      answers: { 200: { description: 'the backfill', schema: backfillSchema }, ...unknownBackfill },
      handle: async ({ params: { id } }) => json(200, await progress(id)),
    }),
    ...(['pause', 'cancel'] as const).map((verb) =>
      defineEndpoint({
        id: `${verb}Backfill`,
        method: 'POST',
        path: `/backfills/:id/${verb}`,
        access: 'write',
        summary: SUMMARIES[verb],
        params: ofBackfill,
        body: z.strictObject({ reason: z.optional(reason) }),
        answers: { 200: { description: 'false: it was so already, or has ended', schema: changed }, ...unknownBackfill },
        async handle({ params: { id }, body }) {
          return json(200, { changed: await (await scheduler.rollups.backfill(id))[verb](body.reason) })
        },
      }),
    ),
    defineEndpoint({
      id: 'resumeBackfill',
      method: 'POST',
      path: '/backfills/:id/resume',
      access: 'write',
      summary: 'Goes on with a backfill that was paused.',
      params: ofBackfill,
      body: z.strictObject({}),
      answers: { 200: { description: 'false: it was not paused', schema: changed }, ...unknownBackfill },
      handle: async ({ params: { id } }) => json(200, { changed: await (await scheduler.rollups.backfill(id)).resume() }),
    }),
  ]
}

const SUMMARIES = {
  pause: 'Keeps a backfill where it is until it is resumed.',
  cancel: 'Ends a backfill; windows that were refreshed stay so.',
} as const
