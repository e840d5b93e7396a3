/** `/rollups`: how fresh they are, their windows, and marks of what changed. */
import type { MarkedTime, MarkOptions, MarkTarget } from '@quarterjack/core'
import * as z from 'zod/mini'
import { type Answer, type AnyEndpoint, defineEndpoint, json } from '../endpoint/endpoint.ts'
import { noQuery } from '../endpoint/parse.ts'
import { countText, instant, instantOrMs, jobName, problem } from '../endpoint/schemas.ts'
import { type Snapshot, snapshotOf } from '../health/snapshot-cache.ts'
import { Problem } from '../problem/problem.ts'
import { type ControlDeps, given, rollupNamed, rollupsOf } from './deps.ts'
import { rollupSchema, showRollup, showWindow, windowSchema } from './shown-rollups.ts'

const MOST_MARKS = 10_000

const params = z.object({ rollup: jobName })
const time: z.ZodMiniType<MarkedTime> = z.union([instantOrMs, z.strictObject({ from: instantOrMs, to: instantOrMs })])
const marks = {
  when: z.union([time, z.array(time).check(z.minLength(1), z.maxLength(MOST_MARKS))]),
  kind: z.optional(z.enum(['added', 'changed', 'removed'])),
}
const marked = { 202: { description: 'The marks are kept; the refresh is to come.', schema: z.object({ marks: z.number() }) } }
const unfit = { 422: { description: 'An instant or a range does not fit.', schema: problem } }
const unknownRollup = { 404: { description: 'There is no such rollup.', schema: problem } }

interface Marks {
  readonly when: MarkedTime | readonly MarkedTime[]
  readonly kind?: MarkOptions['kind']
}

export function rollupEndpoints({ scheduler, cacheMs, clock }: ControlDeps): readonly AnyEndpoint[] {
  const mark = async (target: MarkTarget, { when, kind }: Marks): Promise<Answer> => {
    const times = Array.isArray(when) ? (when as readonly MarkedTime[]) : [when as MarkedTime]
    await scheduler.mark(target, times, given({ kind }))
    return json(202, { marks: times.length })
  }
  const look = (): Promise<Snapshot> => snapshotOf(scheduler, cacheMs, clock)
  return [
    defineEndpoint({
      id: 'listRollups',
      method: 'GET',
      path: '/rollups',
      access: 'read',
      summary: 'The rollups of this process, and how fresh they are.',
      query: noQuery,
      answers: { 200: { description: 'rollups', schema: z.object({ rollups: z.array(rollupSchema) }) } },
      async handle() {
        const snapshot = await look()
        const rollups = rollupsOf(scheduler).flatMap((rollup) => {
          const health = snapshot.rollup(rollup.name)
          return health === undefined ? [] : [showRollup(rollup, health)]
        })
        return json(200, { rollups })
      },
    }),
    defineEndpoint({
      id: 'getRollup',
      method: 'GET',
      path: '/rollups/:rollup',
      access: 'read',
      summary: 'One rollup: watermark, lag, what is dirty, failed or suspect, and why it is not fresh.',
      params,
      query: noQuery,
      answers: { 200: { description: 'the rollup', schema: rollupSchema }, ...unknownRollup },
      async handle({ params: { rollup } }) {
        const known = rollupNamed(scheduler, rollup)
        return json(200, showRollup(known, (await look()).rollup(rollup) ?? (await scheduler.rollups.state(known))))
      },
    }),
    defineEndpoint({
      id: 'listWindows',
      method: 'GET',
      path: '/rollups/:rollup/windows',
      access: 'read',
      summary: 'Windows with something to tell (dirty, failed, suspect, held, to be backfilled) that begin in the range, oldest first.',
      params,
      query: z.strictObject({ from: z.optional(instant), to: z.optional(instant), limit: z.optional(countText(1, 1_000)) }),
      answers: { 200: { description: 'windows', schema: z.object({ windows: z.array(windowSchema) }) }, ...unknownRollup },
      async handle({ params: { rollup }, query }) {
        const windows = await scheduler.rollups.windows(rollupNamed(scheduler, rollup), given(query))
        return json(200, { windows: windows.map(showWindow) })
      },
    }),
    defineEndpoint({
      id: 'markRollup',
      method: 'POST',
      path: '/rollups/:rollup/mark',
      access: 'write',
      summary: 'Data of these instants or ranges changed: their windows are refreshed soon, once for all marks that come together.',
      params,
      body: z.strictObject(marks),
      answers: { ...marked, ...unfit, ...unknownRollup },
      handle: ({ params: { rollup }, body }) => mark(rollupNamed(scheduler, rollup), body),
    }),
    defineEndpoint({
      id: 'markSource',
      method: 'POST',
      path: '/mark',
      access: 'write',
      summary: 'Data of a source changed: the same for every rollup that reads it.',
      body: z.strictObject({ source: z.string().check(z.minLength(1), z.maxLength(512)), ...marks }),
      answers: { ...marked, ...unfit, 404: { description: 'No rollup of this scheduler reads it.', schema: problem } },
      async handle({ body: { source, ...rest } }) {
        if (!rollupsOf(scheduler).some(({ policy }) => policy.sources.includes(source))) {
          throw new Problem('NotFound', 'No rollup of this scheduler reads this source.', { code: 'UnknownRollup' })
        }
        return mark(source, rest)
      },
    }),
  ]
}
