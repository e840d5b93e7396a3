/** `/rollups/:rollup/verify`: windows are recomputed beside what the target holds. One at a time. */
import type { Rollup } from '@quarterjack/core'
import * as z from 'zod/mini'
import { type AnyEndpoint, defineEndpoint, json } from '../endpoint/endpoint.ts'
import { instantOrMs, jobName, problem } from '../endpoint/schemas.ts'
import { Problem } from '../problem/problem.ts'
import { type ControlDeps, given, rollupNamed } from './deps.ts'

/** Windows of one range. */
const MOST_WINDOWS = 50_000
/** Of them, so many are recomputed at most. */
const MOST_SAMPLED = 1_000

const text = z.nullable(z.string())
const report = z.object({
  rollup: z.string(),
  checked: z.number(),
  leftOut: z.number(),
  drift: z.array(z.object({ window: z.string(), key: z.string(), expected: text, found: text })),
  more: z.boolean(),
})

/** It writes nothing, but costs what a refresh of these windows does, and shows rows of the target: whoever may write may ask. */
export function verifyEndpoint({ scheduler }: ControlDeps): AnyEndpoint {
  let isBusy = false
  return defineEndpoint({
    id: 'verifyRollup',
    method: 'POST',
    path: '/rollups/:rollup/verify',
    access: 'write',
    summary:
      'Recomputes clean windows of a range, a sample of them spread over it, beside what the target holds. Writes nothing; one at a time.',
    params: z.object({ rollup: jobName }),
    body: z.strictObject({
      from: instantOrMs,
      to: instantOrMs,
      sample: z.optional(z.number().check(z.int(), z.gte(1), z.lte(MOST_SAMPLED))),
    }),
    answers: {
      200: { description: 'what was found; all is well where drift is empty', schema: report },
      404: { description: 'There is no such rollup.', schema: problem },
      409: { description: 'The refresh of this rollup cannot tell what should be there.', schema: problem },
      422: { description: `The range is none, or has more than ${MOST_WINDOWS} windows.`, schema: problem },
      429: { description: 'One is under way.', schema: problem },
    },
    async handle({ params: { rollup }, body }) {
      const known = rollupNamed(scheduler, rollup)
      refuseLongRange(known, body)
      if (isBusy) throw new Problem('TooManyRequests', 'A verification is under way.', { headers: { 'retry-after': '5' } })
      isBusy = true
      try {
        return json(200, await scheduler.rollups.verify(known, given(body)))
      } finally {
        isBusy = false
      }
    },
  })
}

/** What is no instant, core refuses. */
function refuseLongRange({ policy }: Rollup, { from, to }: { readonly from: string | number; readonly to: string | number }): void {
  const [start, end] = [from, to].map((instant) => new Date(instant).getTime()) as [number, number]
  if (!(start < end)) return
  if (policy.windows.count(Math.max(start, policy.planning.startAt), end, MOST_WINDOWS + 1) <= MOST_WINDOWS) return
  throw new Problem('InvalidValue', `The range has more than ${MOST_WINDOWS} windows: verify it piece by piece.`)
}
