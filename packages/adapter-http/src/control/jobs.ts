/** `/jobs`: list, one, preview, suspend, resume. */
import * as z from 'zod/mini'
import { type AnyEndpoint, defineEndpoint, json } from '../endpoint/endpoint.ts'
import { noQuery } from '../endpoint/parse.ts'
import { countText, date, instant, jobName, problem, reason } from '../endpoint/schemas.ts'
import { snapshotOf } from '../health/snapshot-cache.ts'
import { type ControlDeps, given, jobNamed } from './deps.ts'
import { jobSchema, showJob } from './shown.ts'

const params = z.object({ job: jobName })
const scheduleName = z.string().check(z.minLength(1), z.maxLength(512))
const changed = z.object({ changed: z.boolean() })
const unknownJob = { 404: { description: 'There is no such job.', schema: problem } }

export function jobEndpoints({ scheduler, cacheMs, clock }: ControlDeps): readonly AnyEndpoint[] {
  return [
    defineEndpoint({
      id: 'listJobs',
      method: 'GET',
      path: '/jobs',
      access: 'read',
      summary: 'The jobs of this process, and how they are.',
      query: noQuery,
      answers: { 200: { description: 'jobs', schema: z.object({ jobs: z.array(jobSchema) }) } },
      async handle() {
        const snapshot = await snapshotOf(scheduler, cacheMs, clock)
        return json(200, { jobs: scheduler.jobs.map((job) => showJob(job, snapshot.job(job.name)?.health)) })
      },
    }),
    defineEndpoint({
      id: 'getJob',
      method: 'GET',
      path: '/jobs/:job',
      access: 'read',
      summary: 'One job.',
      params,
      query: noQuery,
      answers: { 200: { description: 'the job', schema: jobSchema }, ...unknownJob },
      async handle({ params: { job } }) {
        const known = jobNamed(scheduler, job)
        return json(200, showJob(known, (await snapshotOf(scheduler, cacheMs, clock)).job(job)?.health))
      },
    }),
    defineEndpoint({
      id: 'previewJob',
      method: 'GET',
      path: '/jobs/:job/preview',
      access: 'read',
      summary: 'The next slots, the very ones that will fire.',
      params,
      query: z.strictObject({
        count: z.optional(countText(1, 1_000)),
        from: z.optional(instant),
        schedule: z.optional(scheduleName),
      }),
      answers: {
        200: {
          description: 'slots in order',
          schema: z.object({ slots: z.array(z.object({ slot: date, dueAt: date, schedule: z.string() })) }),
        },
        ...unknownJob,
      },
      async handle({ params: { job }, query }) {
        return json(200, { slots: await scheduler.preview(job, given(query)) })
      },
    }),
    defineEndpoint({
      id: 'suspendJob',
      method: 'POST',
      path: '/jobs/:job/suspend',
      access: 'write',
      summary: 'Nothing of the job, or of one schedule of it, fires or starts until it is resumed.',
      params,
      body: z.strictObject({ reason, schedule: z.optional(scheduleName) }),
      answers: { 200: { description: 'whether that changed anything', schema: changed }, ...unknownJob },
      async handle({ params: { job }, body }) {
        jobNamed(scheduler, job)
        const { reason: why, ...rest } = body
        return json(200, { changed: await scheduler.suspend(job, why, given(rest)) })
      },
    }),
    defineEndpoint({
      id: 'resumeJob',
      method: 'POST',
      path: '/jobs/:job/resume',
      access: 'write',
      summary: 'Takes a suspension back.',
      params,
      body: z.strictObject({ schedule: z.optional(scheduleName) }),
      answers: { 200: { description: 'whether that changed anything', schema: changed }, ...unknownJob },
      async handle({ params: { job }, body }) {
        jobNamed(scheduler, job)
        return json(200, { changed: await scheduler.resume(job, given(body)) })
      },
    }),
  ]
}
