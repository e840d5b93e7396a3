import { manualScheduler } from '@quarterjack/core/testing'
import { expect, it } from 'vitest'
import type { AggregateSummary } from '../src/aggregate-target.ts'
import { readConfig } from '../src/config.ts'
import { defineFeedbackJob } from '../src/feedback-job.ts'

const SUMMARY: AggregateSummary = { status: 'ok', modelVersion: 1, events: 1, newEvents: 1, weights: 1, changed: 1 }
const silent = { info: () => {}, warn: () => {}, error: () => {} }

/** The instants of the calls of a service that starts at `startAt`, and the slots that it announces after the start. */
async function callsFrom(startAt: string, hours: string, slots: number): Promise<{ calls: Date[]; previewed: Date[] }> {
  const calls: Date[] = []
  const call = async (): Promise<AggregateSummary> => {
    calls.push(new Date(manual.clock.now()))
    return SUMMARY
  }
  const config = readConfig({ BACKFILL_API_KEY: 'key', AGENT_FEEDBACK_EVERY_HOURS: hours })
  const job = defineFeedbackJob({ config, log: silent, call })
  await using manual = manualScheduler({ jobs: [job], startAt })
  await manual.start()
  const previewed = (await manual.scheduler.preview(job, { count: slots })).map(({ slot }) => slot)
  await manual.advanceTo(previewed.at(-1) ?? startAt)
  return { calls, previewed }
}

it.each([
  ['2025-11-20T14:00:00Z', '6', ['2025-11-20T14:00:00Z', '2025-11-20T20:00:00Z', '2025-11-21T02:00:00Z', '2025-11-21T08:00:00Z']],
  ['2025-11-20T14:07:31.250Z', '6', ['2025-11-20T14:07:31.250Z', '2025-11-20T20:00:00Z', '2025-11-21T02:00:00Z']],
  ['2025-11-20T13:59:59.999Z', '6', ['2025-11-20T13:59:59.999Z', '2025-11-20T19:00:00Z']],
  ['2025-11-20T14:07:00Z', '1', ['2025-11-20T14:07:00Z', '2025-11-20T15:00:00Z', '2025-11-20T16:00:00Z']],
  ['2025-11-20T14:07:00Z', '0.5', ['2025-11-20T14:07:00Z', '2025-11-20T14:30:00Z', '2025-11-20T15:00:00Z']],
  ['2025-11-20T14:07:00Z', '48', ['2025-11-20T14:07:00Z', '2025-11-22T14:00:00Z']],
])('started at %s with an interval of %s hours it calls at once, then on the hour', async (startAt, hours, expected) => {
  const instants = expected.map((at) => new Date(at))
  const { calls, previewed } = await callsFrom(startAt, hours, instants.length - 1)
  expect(calls).toEqual(instants)
  expect(previewed).toEqual(instants.slice(1))
})
