/** `/rollups`: how fresh they are, their windows, and marks of what changed. */
import type { MarkedTime } from '@quarterjack/core'
import * as z from 'zod/mini'
import { type AnyEndpoint, defineEndpoint, json } from '../endpoint/endpoint.ts'
import { noQuery } from '../endpoint/parse.ts'
import { countText, instant, instantOrMs, jobName, problem } from '../endpoint/schemas.ts'
import { type Snapshot, snapshotOf } from '../health/snapshot-cache.ts'
import { type ControlDeps, given, rollupNamed, rollupsOf } from './deps.ts'
import { rollupSchema, showRollup, showWindow, windowSchema } from './shown-rollups.ts'

const MOST_MARKS = 10_000

const params = z.object({ rollup: jobName })
const time: z.ZodMiniType<MarkedTime> = z.union([instantOrMs, z.strictObject({ from: instantOrMs, to: instantOrMs })])
const unknownRollup = { 404: { description: 'There is no such rollup.', schema: problem } }

export function rollupEndpoints({ scheduler, cacheMs, clock }: ControlDeps): readonly AnyEndpoint[] {
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
      body: z.strictObject({
        when: z.union([time, z.array(time).check(z.minLength(1), z.maxLength(MOST_MARKS))]),
        kind: z.optional(z.enum(['added', 'changed', 'removed'])),
      }),
      answers: {
        202: { description: 'The marks are kept; the refresh is to come.', schema: z.object({ marks: z.number() }) },
        422: { description: 'An instant or a range does not fit.', schema: problem },
        ...unknownRollup,
      },
      async handle({ params: { rollup }, body: { when, kind } }) {
        const times = Array.isArray(when) ? (when as readonly MarkedTime[]) : [when as MarkedTime]
        await scheduler.mark(rollupNamed(scheduler, rollup), times, given({ kind }))
        return json(202, { marks: times.length })
      },
    }),
  ]
}
