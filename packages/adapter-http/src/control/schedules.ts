/** `/schedules`: what is due when; dynamic schedules by key. */
import { at, cron, every, type Schedule } from '@quarterjack/core'
import * as z from 'zod/mini'
import { type Answer, type AnyEndpoint, defineEndpoint, json } from '../endpoint/endpoint.ts'
import { noQuery } from '../endpoint/parse.ts'
import { countText, cursor, duration, instantOrMs, jobName, problem, scheduleKey } from '../endpoint/schemas.ts'
import { Problem } from '../problem/problem.ts'
import { type ControlDeps, jobNamed } from './deps.ts'
import { pageOf } from './page.ts'
import { scheduleSchema } from './shown.ts'

const ofKey = z.object({ job: jobName, key: scheduleKey })
const paging = { cursor: z.optional(cursor), limit: z.optional(countText(1, 500)) }
const page = z.object({ schedules: z.array(scheduleSchema), next: z.nullable(z.string()) })
const common = {
  payload: z.optional(z.unknown()),
  start: z.optional(instantOrMs),
  end: z.optional(instantOrMs),
  jitter: z.optional(duration),
  timeZone: z.optional(z.string().check(z.minLength(1), z.maxLength(64))),
}
const setting = z.union([
  z.strictObject({ cron: z.string().check(z.minLength(1), z.maxLength(1_000)), ...common }),
  z.strictObject({
    every: duration,
    anchor: z.optional(z.union([z.enum(['epoch', 'registration']), instantOrMs])),
    align: z.optional(duration),
    ...common,
  }),
  z.strictObject({ at: instantOrMs, ...common }),
])

export function scheduleEndpoints({ scheduler }: ControlDeps): readonly AnyEndpoint[] {
  const list = async (
    job: string | undefined,
    query: { readonly cursor?: string | undefined; readonly limit?: number | undefined },
  ): Promise<Answer> => {
    const limit = query.limit ?? 100
    const filter = {
      ...(job === undefined ? {} : { job }),
      ...(query.cursor === undefined ? {} : { after: placeOf(query.cursor) }),
      limit: limit + 1,
    }
    const { items, next } = pageOf(await scheduler.schedules.list(filter), limit, cursorOf)
    return json(200, { schedules: items, next })
  }

  return [
    defineEndpoint({
      id: 'listSchedules',
      method: 'GET',
      path: '/schedules',
      access: 'read',
      summary: 'The schedules of all jobs, by job and name.',
      query: z.strictObject(paging),
      answers: { 200: { description: 'a page', schema: page } },
      handle: ({ query }) => list(undefined, query),
    }),
    defineEndpoint({
      id: 'listSchedulesOfJob',
      method: 'GET',
      path: '/jobs/:job/schedules',
      access: 'read',
      summary: 'The schedules of one job, by name.',
      params: z.object({ job: jobName }),
      query: z.strictObject(paging),
      answers: { 200: { description: 'a page', schema: page } },
      handle: ({ params: { job }, query }) => list(job, query),
    }),
    defineEndpoint({
      id: 'getSchedule',
      method: 'GET',
      path: '/jobs/:job/schedules/:key',
      access: 'read',
      summary: 'One schedule by its key; those in code have keys such as #0.',
      params: ofKey,
      query: noQuery,
      answers: { 200: { description: 'the schedule', schema: scheduleSchema }, 404: { description: 'There is none.', schema: problem } },
      async handle({ params: { job, key } }) {
        const schedule = await scheduler.schedules.get(job, key)
        if (schedule === null) throw new Problem('NotFound', 'There is no such schedule.', { code: 'UnknownSchedule' })
        return json(200, schedule)
      },
    }),
    defineEndpoint({
      id: 'setSchedule',
      method: 'PUT',
      path: '/jobs/:job/schedules/:key',
      access: 'write',
      summary: 'Creates or changes the dynamic schedule of a key; equal content changes nothing.',
      params: ofKey,
      body: setting,
      answers: {
        200: { description: 'what that did', schema: z.object({ outcome: z.enum(['created', 'changed', 'unchanged']) }) },
        404: { description: 'There is no such job.', schema: problem },
        422: { description: 'The schedule or its payload does not fit.', schema: problem },
      },
      async handle({ params: { job, key }, body }) {
        const { payload } = body
        const outcome = await scheduler.schedules.set(jobNamed(scheduler, job), {
          key,
          schedule: scheduleFrom(body),
          ...(payload === undefined ? {} : { payload }),
        })
        return json(200, { outcome })
      },
    }),
    defineEndpoint({
      id: 'removeSchedule',
      method: 'DELETE',
      path: '/jobs/:job/schedules/:key',
      access: 'write',
      summary: 'Removes the dynamic schedule of a key.',
      params: ofKey,
      query: noQuery,
      answers: { 200: { description: 'false: there was none', schema: z.object({ removed: z.boolean() }) } },
      async handle({ params: { job, key } }) {
        // Those in code come and go with the code.
        if (key.startsWith('#')) throw new Problem('Conflict', 'A schedule in code is not removed here. Suspend it instead.')
        return json(200, { removed: await scheduler.schedules.remove(job, key) })
      },
    }),
  ]
}

function scheduleFrom(body: z.infer<typeof setting>): Schedule<undefined> {
  const { payload: _, ...spec } = body
  const options = Object.fromEntries(Object.entries(spec).filter(([name, value]) => value !== undefined && !KINDS.has(name)))
  if ('cron' in spec) return cron(spec.cron, options)
  if ('every' in spec) return every(spec.every, options)
  return at(spec.at, options)
}

const KINDS: ReadonlySet<string> = new Set(['cron', 'every', 'at'])

interface Place {
  readonly job: string
  readonly name: string
}

function cursorOf({ job, name }: Place): string {
  return Buffer.from(JSON.stringify([job, name])).toString('base64url')
}

const placeSchema = z.tuple([z.string(), z.string()])

/** Throws {@link Problem}: a cursor comes from a page, and from nowhere else. */
function placeOf(text: string): Place {
  try {
    const [job, name] = placeSchema.parse(JSON.parse(Buffer.from(text, 'base64url').toString()))
    return { job, name }
  } catch {
    throw new Problem('InvalidRequest', 'query.cursor: this is no cursor of a page.')
  }
}
