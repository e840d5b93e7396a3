/** What a worker does beside executing: triggers of every kind, and locks. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Mutex, RunHandle, Scheduler } from '@quarterjack/core'
import type { SoakJobs } from './soak-jobs.ts'
import { LOAD, type Hold } from './soak-plan.ts'

export interface Load {
  /** Counts that only grow. */
  readonly promised: Map<string, number>
  readonly holds: Hold[]
  readonly errors: string[]
  /** Resolves once nothing is under way. */
  end(): Promise<void>
}

const MOST_ERRORS = 20

export function startLoad(scheduler: Scheduler, jobs: SoakJobs, mutex: Mutex): Load {
  const promised = new Map<string, number>()
  const holds: Hold[] = []
  const errors: string[] = []
  const over = new AbortController()
  let turn = 0

  const count = (job: string, handles: readonly RunHandle[]): void => {
    const created = handles.filter(({ outcome }) => outcome === 'created').length
    promised.set(job, (promised.get(job) ?? 0) + created)
  }
  const again = async (eachMs: number, act: () => Promise<void>): Promise<void> => {
    while (!over.signal.aborted) {
      await act().catch((error: unknown) => {
        if (errors.length < MOST_ERRORS) errors.push(String(error))
      })
      await sleep(eachMs, undefined, { signal: over.signal }).catch(() => undefined)
    }
  }
  const asked = (): { at: number } => ({ at: Date.now() })

  const loops = [
    again(LOAD.singleMs, async () => count('single', [await scheduler.trigger(jobs.single, asked())])),
    again(LOAD.bulkMs, async () => {
      const items = Array.from({ length: LOAD.bulk }, () => ({ payload: asked() }))
      count('bulk', await scheduler.triggerMany(jobs.bulk, items))
    }),
    again(LOAD.debouncedMs, async () => {
      const key = `k${turn++ % LOAD.debouncedKeys}`
      count('debounced', [await scheduler.trigger(jobs.debounced, asked(), { key })])
    }),
    again(LOAD.flakyMs, async () => count('flaky', [await scheduler.trigger(jobs.flaky, asked())])),
    again(LOAD.mutexMs, async () => {
      const askedAt = machineMs()
      const hold = await mutex.withLock(
        async ({ fence }) => {
          const beganAt = machineMs()
          await sleep(5)
          return { fence, askedAt, beganAt, endedAt: machineMs() }
        },
        { wait: '30s' },
      )
      holds.push(hold)
    }),
  ]
  return {
    promised,
    holds,
    errors,
    async end() {
      over.abort()
      await Promise.all(loops)
    },
  }
}

function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
