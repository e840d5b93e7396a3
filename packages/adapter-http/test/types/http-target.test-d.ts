/** Types of targets within jobs. */
import { defineJob, type Job } from '@quarterjack/core'
import { fromCrontab, type HttpJob, httpJobs, httpTarget } from '@quarterjack/adapter-http'
import { describe, expectTypeOf, it } from 'vitest'
import * as z from 'zod'

const url = 'https://example.com'

describe('httpTarget', () => {
  it('types the result by the schema of the response', () => {
    const job = defineJob({ name: 'j', run: httpTarget({ url, response: z.object({ updated: z.coerce.number() }) }) })
    expectTypeOf(job).toEqualTypeOf<Job<undefined, { updated: number }>>()
    expectTypeOf(defineJob({ name: 'j', run: httpTarget({ url }) })).toEqualTypeOf<Job<undefined, unknown>>()
  })

  it('knows the payload of its job in functions', () => {
    const job = defineJob({
      name: 'j',
      payload: z.object({ days: z.number() }),
      run: httpTarget({
        url: ({ payload }) => `${url}/${payload.days.toFixed()}`,
        query: ({ payload }) => ({ days: payload.days }),
        auth: { bearer: ({ payload, attempt }) => `${payload.days}${attempt.toFixed()}` },
      }),
    })
    expectTypeOf(job).toEqualTypeOf<Job<{ days: number }, unknown>>()
  })

  it('knows the payload in the body, given by its type or by its job', () => {
    httpTarget<{ days: number }>({ url, body: ({ payload }) => ({ days: payload.days.toFixed() }) })
    httpTarget<{ days: number }>({ url, body: async ({ payload }) => new URLSearchParams({ days: payload.days.toFixed() }) })
    httpTarget({ url, body: ({ payload }) => payload })
    httpTarget({ url, body: { days: 1 } })
    httpTarget({ url, body: ['a'] })
    httpTarget({ url, body: null })
    // @ts-expect-error there is no such member in the payload
    httpTarget<{ days: number }>({ url, body: ({ payload }) => payload.hours })
  })

  it('refuses what it does not know', () => {
    // @ts-expect-error there is no such option
    httpTarget({ url, retries: 3 })
    // @ts-expect-error a credential of no kind
    httpTarget({ url, auth: { token: 'x' } })
    // @ts-expect-error there is no such policy
    httpTarget({ url, redirect: 'manual' })
  })
})

describe('many targets', () => {
  it('are jobs with any payload', () => {
    expectTypeOf(httpJobs({ jobs: {} })).toEqualTypeOf<readonly HttpJob[]>()
    expectTypeOf(fromCrontab('').jobs).toEqualTypeOf<readonly HttpJob[]>()
  })
})
