import { describe, expect, it } from 'vitest'
import { classifyEnding, type Ending, type EndingFacts } from '../../src/engine/classify-ending.ts'
import { SkipSignal } from '../../src/engine/skip-signal.ts'
import { QuarterjackError } from '../../src/errors/quarterjack-error.ts'
import { LeaseLostError, NonRetryableError } from '../../src/errors/run-errors.ts'
import { RetryAfterError } from '../../src/job/retry-after-error.ts'
import type { JobPolicy } from '../../src/job/job.ts'
import type { RunRecord } from '../../src/store/records.ts'

const policy = { retry: { retries: 2, minTimeoutMs: 1_000, maxTimeoutMs: 60_000, factor: 2, randomize: false } } as JobPolicy
const threw = (error: unknown): Ending => ({ kind: 'threw', error })
const facts = (ending: Ending, abortReason: unknown = null, failures = 0): EndingFacts => ({
  ending,
  abortReason,
  policy,
  record: { failures } as RunRecord,
  limits: { result: 512, error: 1_024 },
})
const verdict = (...args: Parameters<typeof facts>) => classifyEnding(facts(...args), () => 0.5)
const aborted = (code: ConstructorParameters<typeof QuarterjackError>[0]) => new QuarterjackError(code, 'because')

describe('classifyEnding', () => {
  it.each([
    ['a result', facts({ kind: 'returned', value: { n: 1 } }), 'succeeded', { to: 'succeeded', result: '{"n":1}' }],
    ['no result', facts({ kind: 'returned', value: undefined }), 'succeeded', { to: 'succeeded', result: null }],
    [
      'a result after an abort',
      facts({ kind: 'returned', value: 1 }, aborted('AttemptTimedOut')),
      'succeeded',
      { to: 'succeeded', result: '1' },
    ],
    ['a skip', facts(threw(new SkipSignal('nothing'))), 'succeeded', { to: 'skipped', reason: 'handler: nothing' }],
    ['a first failure', facts(threw(new TypeError('x'))), 'failed', { to: 'retry', delayMs: 1_000 }],
    ['a second failure', facts(threw('text'), null, 1), 'failed', { to: 'retry', delayMs: 2_000 }],
    ['the last failure', facts(threw(new Error('x')), null, 2), 'failed', { to: 'dead', reason: 'failed 3 times: x' }],
    ['an error not to retry', facts(threw(new NonRetryableError('no'))), 'failed', { to: 'dead', reason: 'not retryable: no' }],
    ['an error that asks for time', facts(threw(new RetryAfterError('later', 77))), 'failed', { to: 'retry', delayMs: 77 }],
    ['a timeout', facts(threw(new Error('aborted')), aborted('AttemptTimedOut')), 'timedOut', { to: 'retry', delayMs: 1_000 }],
    [
      'a handler that stays after its timeout',
      facts({ kind: 'stuck' }, aborted('AttemptTimedOut'), 2),
      'timedOut',
      { to: 'dead', reason: 'failed 3 times: because' },
    ],
    ['a cancel', facts(threw(new Error('aborted')), aborted('RunCancelled')), 'cancelled', { to: 'cancelled', reason: 'because' }],
    ['the end of the process', facts(threw(new Error('aborted')), aborted('SchedulerStopped')), 'released', { to: 'released' }],
    ['a lost lease', facts(threw(new Error('aborted')), new LeaseLostError('run 1')), 'abandoned', { to: 'released' }],
  ])('judges %s', (_, given, outcome, then) => {
    const judged = classifyEnding(given, () => 0.5)
    expect(judged.outcome).toBe(outcome)
    expect(judged.then).toEqual(then)
  })

  it('keeps the error of a failure, and none of a cancel', () => {
    expect(verdict(threw(new TypeError('odd'))).error).toMatchObject({ name: 'TypeError', message: 'odd' })
    expect(verdict(threw(new Error('x')), aborted('RunCancelled')).error).toBeNull()
  })

  it.each([
    ['too large', 'x'.repeat(5_000), /\$truncated.*"limit":512/],
    ['not serialisable', { n: 1n }, /\$unserialisable/],
  ])('marks a result that is %s instead of failing the run', (_, value, text) => {
    const { then } = verdict({ kind: 'returned', value })
    expect(then.to === 'succeeded' && then.result).toMatch(text)
  })
})
