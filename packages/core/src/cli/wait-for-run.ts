/** Waits for a run's end, with a line of progress for whoever watches. */
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import type { RunHandle } from '../job/trigger-options.ts'
import type { Run, Scheduler } from '../scheduler/scheduler.ts'
import { type Clock, sleep } from '../time/clock.ts'
import type { Duration } from '../time/duration.ts'
import type { CommandContext } from './command.ts'
import { formatElapsed, formatInstant, formatValue } from './format.ts'

/** How a run ended. */
export interface RunEnd {
  readonly state: 'succeeded' | 'dead' | 'cancelled' | 'skipped'
  /** `null` when its record was already pruned. */
  readonly run: Run | null
  readonly result: unknown
  /** Why it did not succeed, in words. */
  readonly reason: string | null
}

const POLL_MS = 1_000

const END_OF_CODE = { RunFailed: 'dead', RunCancelled: 'cancelled', RunSkipped: 'skipped' } as const

/**
 * Waits until the run has ended and its end is committed. Throws `WaitTimedOut` after `timeout`, and
 * `SchedulerStopped` when the scheduler of this process stops first or the caller's signal aborts.
 */
export async function waitForRun(context: CommandContext, handle: RunHandle, timeout: Duration | undefined): Promise<RunEnd> {
  const { scheduler, clock, progress, signal } = context
  const interrupted = new AbortController()
  const interrupt = (): void => {
    const why = `The wait for run ${handle.id} was interrupted: it was given back, or goes on elsewhere. Look with "${context.program} runs show ${handle.id}".`
    interrupted.abort(new QuarterjackError('SchedulerStopped', why))
  }
  const unsubscribe = scheduler.on('scheduler.stopped', interrupt)
  signal?.addEventListener('abort', interrupt, { once: true })
  if (signal?.aborted) interrupt()
  const waiting = new AbortController()
  if (progress.shown) void showProgress({ scheduler, clock, id: handle.id, signal: waiting.signal, show: progress.update })
  try {
    const result = await handle.finished({ signal: interrupted.signal, ...(timeout === undefined ? {} : { timeout }) })
    return { state: 'succeeded', run: await scheduler.runs.get(handle.id), result, reason: null }
  } catch (error) {
    if (!QuarterjackError.isInstance(error) || !(error.code in END_OF_CODE)) throw error
    const state = END_OF_CODE[error.code as keyof typeof END_OF_CODE]
    return { state, run: await scheduler.runs.get(handle.id), result: null, reason: error.message }
  } finally {
    waiting.abort()
    unsubscribe()
    signal?.removeEventListener('abort', interrupt)
    progress.clear()
  }
}

interface Watch {
  readonly scheduler: Scheduler
  readonly clock: Clock
  readonly id: string
  readonly signal: AbortSignal
  readonly show: (line: string) => void
}

// Only decoration: a store that does not answer now is the waiting call's to report.
async function showProgress({ scheduler, clock, id, signal, show }: Watch): Promise<void> {
  const from = clock.monotonic()
  try {
    while (!signal.aborted) {
      const run = await scheduler.runs.get(id)
      if (signal.aborted) return
      show([`run ${id}`, run === null ? 'not kept' : describeRun(run), formatElapsed(clock.monotonic() - from)].join('  '))
      await sleep(clock, POLL_MS, signal)
    }
  } catch {}
}

function describeRun(run: Run): string {
  const words: string[] = [run.state]
  if (run.attempt > 1 || run.failures > 0) words.push(`attempt ${run.attempt}`)
  if (run.state === 'pending' && run.failures > 0) words.push(`next try ${formatInstant(run.runAt)}`)
  if (run.progress !== null && run.progress !== undefined) words.push(formatValue(run.progress))
  return words.join(', ')
}
