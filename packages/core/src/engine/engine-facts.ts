/** What health needs to know of an engine. */
import type { Execution, Holdings } from './holdings.ts'
import type { StoreLoss } from '../store/runs.ts'
import type { StoreFacts } from './store-link.ts'

export interface EngineFacts {
  /** Null while it executes nothing. */
  readonly owner: string | null
  readonly running: number
  readonly stuck: readonly { readonly runId: string; readonly job: string }[]
  /** Settlements that the store refused as late. */
  readonly staleResults: number
  readonly loopLag: { readonly last: number; readonly max: number }
  readonly store: StoreFacts
  /** The newest loss of writes that this process was told of. */
  readonly lost: StoreLoss | null
}

/** Runs whose handler ignored abort and still executes. */
export function stuckRuns(holdings: Holdings): EngineFacts['stuck'] {
  return [...holdings.all()].filter((one) => one.phase === 'stuck').map(({ record }) => ({ runId: record.id, job: record.job }))
}

/** The run of a job that has been executing longest. */
export function longestRun(holdings: Holdings, job: string): { readonly runId: string; readonly startedAt: number } | null {
  let longest: (Execution & { startedAt: number }) | null = null
  for (const one of holdings.all()) {
    if (one.record.job !== job || !hasBegun(one)) continue
    if (longest === null || one.startedAt < longest.startedAt) longest = one
  }
  return longest === null ? null : { runId: longest.record.id, startedAt: longest.startedAt }
}

function hasBegun(execution: Execution): execution is Execution & { startedAt: number } {
  return execution.startedAt !== null
}

/** How late timers fire in this process: the last time, and at worst. Milliseconds. */
export function createLoopLag(): { note(ms: number): void; known(): EngineFacts['loopLag'] } {
  let last = 0
  let max = 0
  return {
    note(ms) {
      last = ms
      max = Math.max(max, ms)
    },
    known: () => ({ last, max }),
  }
}
