import { readFile } from 'node:fs/promises'
import { memoryStore, NonRetryableError, type RunContext } from '@quarterjack/core'
import { type FakeClock, fakeClock } from '@quarterjack/core/testing'
import { describe, expect, it } from 'vitest'
import type { AggregateSummary } from '../src/aggregate-target.ts'
import { readConfig } from '../src/config.ts'
import { createFeedbackService, type FeedbackService } from '../src/feedback-service.ts'
import { decodeMojibake } from './fixtures/decode-mojibake.ts'

const SUMMARY: AggregateSummary = { status: 'ok', modelVersion: 1, events: 420, newEvents: 420, weights: 17, changed: 17 }
const START = '2025-11-20T14:00:00Z'

interface Stage {
  readonly clock: FakeClock
  readonly service: FeedbackService
  readonly lines: string[]
}

type Answer = (ctx: RunContext<undefined>) => AggregateSummary

/** A service with the document's configuration whose API takes five seconds to give each of `answers`. */
function stage(answers: readonly Answer[]): Stage {
  const clock = fakeClock(START)
  const lines: string[] = []
  let calls = 0
  const call = async (ctx: RunContext<undefined>): Promise<AggregateSummary> => {
    const answer = answers[calls]
    calls += 1
    await new Promise<void>((resolve) => clock.setTimer(resolve, 5_000))
    return answer?.(ctx) ?? SUMMARY
  }
  const config = readConfig({ BACKFILL_API_KEY: 'key', AGENT_FEEDBACK_HEALTH_PORT: '0' })
  const service = createFeedbackService(config, { write: (line) => lines.push(line), store: memoryStore({ clock }), clock, call })
  return { clock, service, lines }
}

function failing(error: Error): Answer {
  return () => {
    throw error
  }
}

/** Starts, lets `seconds` pass, stops; what was logged. */
async function linesAfter(seconds: number, ...answers: readonly Answer[]): Promise<string[]> {
  const { clock, service, lines } = stage(answers)
  await withTime(clock, service.start())
  await clock.advance(seconds * 1_000)
  const logged = [...lines]
  await withTime(clock, service.stop())
  return logged
}

/** Awaits what itself waits for the clock, without moving its time. */
async function withTime<T>(clock: FakeClock, work: Promise<T>): Promise<T> {
  let settled = false
  const watched = work.finally(() => {
    settled = true
  })
  while (!settled) await clock.settle()
  return watched
}

describe('decodeMojibake', () => {
  it.each([
    ['ğŸš€', '🚀'],
    ['ğŸ”„', '🔄'],
    ['âœ…', '✅'],
    ['â°', '⏰'],
    ['plain {text}', 'plain {text}'],
  ])('restores %s to %s', (garbled, restored) => {
    expect(decodeMojibake(garbled)).toBe(restored)
  })
})

describe('the log', () => {
  it('is the one of the document, line by line', async () => {
    const garbled = await readFile(new URL('fixtures/expected-output.txt', import.meta.url), 'utf8')
    const documented = decodeMojibake(garbled).trimEnd().split('\n')
    expect(documented).toHaveLength(8)
    expect(documented[0]).toBe('2025-11-20 14:00:00 [INFO] 🚀 Agent Feedback Aggregator starting')

    const logged = await linesAfter(6)
    // The document leaves the response out.
    expect(logged.map((line) => line.replace(/(?<=Response: )\{.+\}$/, '{...}'))).toEqual(documented)
    expect(logged[6]).toBe(`2025-11-20 14:00:05 [INFO]    Response: ${JSON.stringify(SUMMARY)}`)
  })

  it('says when an attempt failed, when the next one is, and how that ended', async () => {
    const logged = await linesAfter(120, failing(new Error('it answered 503')))
    expect(logged.slice(5)).toEqual([
      expect.stringMatching(
        /^2025-11-20 14:00:05 \[WARNING\] ⚠️ Attempt 1 failed: it answered 503; the next one is at 2025-11-20 14:00:\d\d$/,
      ),
      expect.stringMatching(/^2025-11-20 14:00:\d\d \[INFO\] 🔄 Calling /),
      expect.stringContaining('✅ Aggregation completed successfully'),
      expect.stringContaining('Response: {'),
      expect.stringMatching(/⏰ Next run scheduled for 2025-11-20 20:00:00$/),
    ])
  })

  it('says at once what is final', async () => {
    const logged = await linesAfter(300, failing(new NonRetryableError('it answered 401')))
    expect(logged.slice(5)).toEqual([
      '2025-11-20 14:00:05 [ERROR] ❌ Aggregation failed: it answered 401',
      '2025-11-20 14:00:05 [INFO] ⏰ Next run scheduled for 2025-11-20 20:00:00',
    ])
  })

  it('says that there was nothing to do', async () => {
    const logged = await linesAfter(6, (ctx) => ctx.skip('no feedback came since the last aggregation'))
    expect(logged.slice(5)).toEqual([
      '2025-11-20 14:00:05 [INFO] ⏭️ Aggregation skipped: no feedback came since the last aggregation',
      '2025-11-20 14:00:05 [INFO] ⏰ Next run scheduled for 2025-11-20 20:00:00',
    ])
  })
})
