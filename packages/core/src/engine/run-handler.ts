/** Runs one handler under its signal, timeout and grace. Never rejects. */
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import type { Clock } from '../time/clock.ts'
import type { Ending } from './classify-ending.ts'
import type { RunAbort } from './run-abort.ts'

export interface HandlerRun {
  /** How it ended, or `stuck`, at the latest one grace after the signal aborted. */
  readonly ending: Promise<Ending>
  /** Resolves when the handler has really returned. */
  readonly returned: () => Promise<unknown>
}

export interface HandlerOptions {
  readonly clock: Clock
  readonly abort: RunAbort
  readonly timeoutMs: number | null
  readonly graceMs: number
  /** Names the run in the timeout's message. */
  readonly what: () => string
}

export function runHandler(handler: () => Promise<unknown>, options: HandlerOptions): HandlerRun {
  const { clock, abort, timeoutMs, graceMs, what } = options
  let work: Promise<void> | null = null
  const timeout =
    timeoutMs === null
      ? null
      : clock.setTimer(
          () => abort.abort(new QuarterjackError('AttemptTimedOut', `${what()} did not end within its timeout of ${timeoutMs} ms.`)),
          timeoutMs,
        )
  const ending = new Promise<Ending>((resolve) => {
    let grace: ReturnType<Clock['setTimer']> | null = null
    abort.listen(() => {
      // It has nothing left to abort, and must not keep a process alive that waits for nothing else.
      if (timeout !== null) clock.clearTimer(timeout)
      grace = clock.setTimer(() => resolve({ kind: 'stuck' }), graceMs)
    })
    work = invoke(handler, (ended) => {
      abort.listen(null)
      if (timeout !== null) clock.clearTimer(timeout)
      if (grace !== null) clock.clearTimer(grace)
      resolve(ended)
    })
  })
  return { ending, returned: async () => work }
}

async function invoke(handler: () => Promise<unknown>, over: (ending: Ending) => void): Promise<void> {
  let ending: Ending
  try {
    ending = { kind: 'returned', value: await handler() }
  } catch (error) {
    ending = { kind: 'threw', error }
  }
  over(ending)
}
