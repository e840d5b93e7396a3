/** Triggers without end, as a busy service makes them, and what became of each. */
import { setTimeout as sleep } from 'node:timers/promises'
import { QuarterjackError, type Scheduler } from '@quarterjack/core'
import type { PlannedJob } from './job-of.ts'
import type { TriggerTally } from './worker-plan.ts'

/** The loads of one process. */
export interface TriggerLoad {
  /** Triggers the job every `each` ms. Calls overlap, as those of a busy service do. */
  begin(job: PlannedJob, each: number): void
  /** Ends it, and waits for the triggers under way. */
  ease(): Promise<TriggerTally>
}

/** Loads by way of this scheduler. */
export function createTriggerLoad(scheduler: Scheduler): TriggerLoad {
  const tally = { acknowledged: [] as string[], refused: 0, codes: new Set<string>() }
  const calls = new Set<Promise<void>>()
  const loops: Promise<void>[] = []
  let over = new AbortController()

  const trigger = async (job: PlannedJob): Promise<void> => {
    try {
      tally.acknowledged.push((await scheduler.trigger(job)).id)
    } catch (error) {
      tally.refused++
      tally.codes.add(QuarterjackError.isInstance(error) ? error.code : String(error))
    }
  }
  const loop = async (job: PlannedJob, each: number, signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      const call = trigger(job).finally(() => calls.delete(call))
      calls.add(call)
      await sleep(each)
    }
  }
  return {
    begin: (job, each) => void loops.push(loop(job, each, over.signal)),
    async ease() {
      over.abort()
      await Promise.all(loops.splice(0))
      await Promise.all(calls)
      over = new AbortController()
      return { ...tally, codes: [...tally.codes] }
    },
  }
}
