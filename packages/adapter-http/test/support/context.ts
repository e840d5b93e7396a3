/** Contexts of runs without an engine. */
import type { RunContext } from '@quarterjack/core'

export class Skipped extends Error {}

const unreachable = (): never => {
  throw new Error('This context has no scheduler.')
}

/** The first attempt of a triggered run. */
export function contextOf<P = undefined>(given: Partial<RunContext<P>> & { readonly payload?: P } = {}): RunContext<P> {
  const id = '0198c0de-0000-7000-8000-00000000cafe'
  const quiet = (): void => undefined
  return {
    payload: undefined as P,
    signal: new AbortController().signal,
    runId: id,
    job: 'call',
    key: '',
    attempt: 1,
    maxAttempts: 1,
    slot: null,
    trigger: 'manual' as RunContext['trigger'],
    fence: 1,
    idempotencyKey: id,
    trace: null,
    scheduler: { trigger: unreachable, triggerMany: unreachable },
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet } as RunContext['log'],
    progress: quiet,
    skip: (reason) => {
      throw new Skipped(reason)
    },
    ...given,
  }
}

/** What a promise rejects with. */
export async function errorOf(work: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  try {
    await work
  } catch (error) {
    return error as Error & Record<string, unknown>
  }
  throw new Error('It did not fail.')
}

/** Waits until something holds, for at most five seconds. */
export async function until(holds: () => boolean): Promise<void> {
  const end = Date.now() + 5_000
  while (!holds()) {
    if (Date.now() > end) throw new Error('It did not come about.')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
