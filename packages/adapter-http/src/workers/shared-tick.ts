/** Passes of a scheduler that no process runs: one at a time. */
import type { Scheduler, TickSummary } from '@quarterjack/core'

export interface TickRule {
  readonly limit: number
  readonly budgetMs: number
  readonly everyMs: number
}

/** Whoever asks gets a pass that begins after that; those who ask while one is under way share the next. */
export function createSharedTick(scheduler: Pick<Scheduler, 'tick'>, { limit, budgetMs, everyMs }: TickRule): () => Promise<TickSummary> {
  let current: Promise<TickSummary> | null = null
  let next: Promise<TickSummary> | null = null
  const pass = (): Promise<TickSummary> => {
    const own = scheduler.tick({ limit, budget: budgetMs, every: everyMs }).finally(() => {
      if (current === own) current = null
    })
    current = own
    return own
  }
  return () => {
    if (current === null) return pass()
    next ??= current
      .catch(() => undefined)
      .then(() => {
        next = null
        return pass()
      })
    return next
  }
}
