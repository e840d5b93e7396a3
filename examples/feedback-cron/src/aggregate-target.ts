/** The aggregation endpoint as a job calls it, and what it answers. */
import { type HttpTarget, httpTarget } from '@quarterjack/adapter-http'
import { z } from 'zod'
import type { Config } from './config.ts'

/** What the endpoint answers. Fields that we do not know are kept. */
export type AggregateSummary = z.infer<typeof summarySchema>

const summarySchema = z.looseObject({
  status: z.literal('ok'),
  /** Of the learning model after this aggregation. */
  modelVersion: z.number().int().nonnegative(),
  events: z.number().int().nonnegative(),
  newEvents: z.number().int().nonnegative(),
  /** How many weights there are, and how many of them changed. */
  weights: z.number().int().nonnegative(),
  changed: z.number().int().nonnegative(),
})

/** Calls the endpoint once per attempt, with the key. */
export function aggregateTarget({ apiUrl, apiKey }: Pick<Config, 'apiUrl' | 'apiKey'>): HttpTarget<undefined, AggregateSummary> {
  return httpTarget({
    url: apiUrl,
    auth: { apiKey },
    body: null,
    skip: ({ status }) => status === 204 && 'no feedback came since the last aggregation',
    response: summarySchema,
    maxResponse: 32_768,
  })
}
