/** `/audit`: the proof that each slot has its record. One at a time. */
import * as z from 'zod/mini'
import { type AnyEndpoint, defineEndpoint, json } from '../endpoint/endpoint.ts'
import { countText, date, jobName, problem } from '../endpoint/schemas.ts'
import { Problem } from '../problem/problem.ts'
import { type ControlDeps, jobNamed } from './deps.ts'

const report = z.looseObject({
  at: date,
  ok: z.boolean(),
  proven: z.number(),
  attested: z.number(),
  complete: z.boolean(),
  violations: z.array(z.looseObject({ kind: z.string(), detail: z.string() })),
})

export function auditEndpoint({ scheduler }: ControlDeps): AnyEndpoint {
  let isBusy = false
  return defineEndpoint({
    id: 'audit',
    method: 'GET',
    path: '/audit',
    access: 'read',
    summary: 'Enumerates slots anew and compares them with their records. Costs what it looks at: one audit at a time.',
    query: z.strictObject({ job: z.optional(jobName), limit: z.optional(countText(1, 100_000)) }),
    answers: { 200: { description: 'docs/health.md#audit', schema: report }, 429: { description: 'One is under way.', schema: problem } },
    async handle({ query: { job, limit } }) {
      if (job !== undefined) jobNamed(scheduler, job)
      if (isBusy) throw new Problem('TooManyRequests', 'An audit is under way.', { headers: { 'retry-after': '5' } })
      isBusy = true
      try {
        return json(200, await scheduler.audit({ ...(job === undefined ? {} : { job }), limit: limit ?? 10_000 }))
      } finally {
        isBusy = false
      }
    },
  })
}
