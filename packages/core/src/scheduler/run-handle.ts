/** What a trigger gives back, and how it waits for the end of its run. */
import { checkNames } from '../errors/check-call.ts'
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { RunFailedError } from '../errors/run-errors.ts'
import { isTerminal } from '../run/run-state.ts'
import type { RunRecord } from '../store/records.ts'
import type { EnqueueReply } from '../store/runs.ts'
import { waitForHint, type Clock } from '../time/clock.ts'
import { parseDuration, type Duration } from '../time/duration.ts'
import type { RunHandle } from '../job/trigger-options.ts'
import type { RunWatch } from './watch-runs.ts'

/** Polling is the truth, hints make it quick: from the first wait to the longest one. */
const FIRST_POLL_MS = 50
const LONGEST_POLL_MS = 2_000

export interface HandleDeps extends RunWatch {
  readonly clock: Clock
}

export function createRunHandle<R>(reply: EnqueueReply, job: string, deps: HandleDeps): RunHandle<R> {
  return Object.freeze({
    id: reply.id,
    outcome: reply.outcome,
    finished: (options: { readonly timeout?: Duration; readonly signal?: AbortSignal } = {}) => waitForEnd<R>(reply.id, job, options, deps),
  })
}

async function waitForEnd<R>(
  id: string,
  job: string,
  options: { readonly timeout?: Duration; readonly signal?: AbortSignal },
  deps: HandleDeps,
): Promise<R> {
  checkNames(options, ['timeout', 'signal'], 'finished')
  const { clock } = deps
  const until =
    options.timeout === undefined ? Number.POSITIVE_INFINITY : clock.monotonic() + parseDuration(options.timeout, 'finished: timeout')
  const hints = deps.hints(id)
  try {
    for (let pollMs = FIRST_POLL_MS; ; pollMs = Math.min(pollMs * 1.5, LONGEST_POLL_MS)) {
      // Armed before the look: a hint between look and wait is not lost.
      const hint = hints.next()
      options.signal?.throwIfAborted()
      const record = await deps.get(id)
      if (record === null)
        throw new QuarterjackError(
          'UnknownRun',
          `run ${id} of job "${job}" is not kept any more. Keep more history (keep) to wait for it this long.`,
        )
      if (isTerminal(record.state)) return resultOf<R>(record)
      const left = until - clock.monotonic()
      if (left <= 0) {
        throw new QuarterjackError(
          'WaitTimedOut',
          `run ${id} of job "${job}" did not end in time; it is ${record.state} and goes on. Wait longer, or cancel it.`,
        )
      }
      await waitForHint(clock, Math.min(pollMs, left), hint, options.signal)
    }
  } finally {
    hints.close()
  }
}

function resultOf<R>(record: RunRecord): R {
  const where = `run ${record.id} of job "${record.job}"`
  switch (record.state) {
    case 'succeeded':
      return (record.result === null ? undefined : JSON.parse(record.result)) as R
    case 'cancelled':
      throw new QuarterjackError('RunCancelled', `${where} was cancelled: ${record.reason ?? 'no reason given'}`)
    case 'skipped':
      throw new QuarterjackError('RunSkipped', `${where} was skipped: ${record.reason ?? 'no reason given'}`)
    default:
      throw new RunFailedError(record.job, record.id, record.reason ?? record.error?.message ?? 'unknown', {
        cause: record.error ?? undefined,
      })
  }
}
