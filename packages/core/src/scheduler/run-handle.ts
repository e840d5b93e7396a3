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
/** What was triggered with `tx` is made into a run soon after the commit: by whoever claims next. */
const LONGEST_ABSENCE_MS = 30_000

export interface HandleDeps extends RunWatch {
  readonly clock: Clock
  /** The run comes with a commit, and may not be there yet. */
  readonly isComing?: boolean
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
  let absentUntil = deps.isComing === true ? clock.monotonic() + LONGEST_ABSENCE_MS : null
  const hints = deps.hints(id)
  try {
    for (let pollMs = FIRST_POLL_MS; ; pollMs = Math.min(pollMs * 1.5, LONGEST_POLL_MS)) {
      // Armed before the look: a hint between look and wait is not lost.
      const hint = hints.next()
      options.signal?.throwIfAborted()
      const record = await deps.get(id)
      const now = clock.monotonic()
      if (record === null && (absentUntil === null || now >= absentUntil)) throw unknownRun(id, job, absentUntil !== null)
      if (record !== null) absentUntil = null
      if (record !== null && isTerminal(record.state)) return resultOf<R>(record)
      const left = until - now
      if (left <= 0) {
        const found = record === null ? 'is not there yet' : `is ${record.state} and goes on`
        throw new QuarterjackError('WaitTimedOut', `run ${id} of job "${job}" did not end in time; it ${found}. Wait longer, or cancel it.`)
      }
      await waitForHint(clock, Math.min(pollMs, left), hint, options.signal)
    }
  } finally {
    hints.close()
  }
}

function unknownRun(id: string, job: string, isComing: boolean): QuarterjackError {
  const why = isComing
    ? 'is not there: its transaction was rolled back, or is not committed yet, or no scheduler is started that could make it. Await it after the commit.'
    : 'is not kept any more. Keep more history (keep) to wait for it this long.'
  return new QuarterjackError('UnknownRun', `run ${id} of job "${job}" ${why}`)
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
