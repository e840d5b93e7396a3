/** Events by name, each with its own type. Listeners are isolated: one that throws hurts nothing. */
import type { StoredError } from '../errors/stored-error.ts'
import type { SkipReason, TriggerKind } from '../run/run-state.ts'
import type { TraceContext } from './trace-context.ts'

interface RunEvent {
  readonly job: string
  readonly key: string
  readonly runId: string
  readonly trigger: TriggerKind
  readonly slot: number | null
  readonly attempt: number
  readonly at: number
}

/** The events of a scheduler. Names are stable. Instants are epoch ms of the store's clock. */
export interface SchedulerEvents {
  'run.started': RunEvent & { readonly latenessMs: number; readonly trace: TraceContext | null }
  'run.succeeded': RunEvent & { readonly durationMs: number; readonly result: unknown }
  /** An attempt failed and will be tried again at `retryAt`. */
  'run.retrying': RunEvent & { readonly durationMs: number; readonly error: StoredError; readonly retryAt: number }
  'run.dead': RunEvent & { readonly durationMs: number; readonly error: StoredError | null; readonly reason: string }
  'run.cancelled': RunEvent & { readonly reason: string }
  'run.skipped': RunEvent & { readonly reason: string }
  'run.released': RunEvent
  /** The store refused a late settlement: the result was discarded. */
  'run.stale': RunEvent
  /** A handler ignored abort past its grace. */
  'run.stuck': RunEvent
  /** Slots were accounted for as skipped when a schedule fired. */
  'slots.skipped': {
    readonly job: string
    readonly schedule: string
    readonly reason: SkipReason
    readonly from: number
    readonly to: number
    readonly count: number | null
  }
  'schedule.exhausted': { readonly job: string; readonly schedule: string }
  'schedule.quarantined': { readonly job: string; readonly schedule: string; readonly reason: string }
  'job.suspended': { readonly job: string; readonly key: string | null; readonly reason: string }
  'job.resumed': { readonly job: string; readonly key: string | null }
  /** Another process's lease ended; its runs were taken over. */
  'owner.expired': { readonly owner: string; readonly runs: number }
  /** This process could not confirm its lease in time, or lost it. */
  'lease.lost': { readonly owner: string; readonly runs: number }
  'store.failed': { readonly verb: string; readonly error: StoredError; readonly retryInMs: number }
  'store.recovered': { readonly afterMs: number }
  /** The store lost writes that it had answered. What this process declares is declared again; the rest of it is gone. */
  'store.lost': {
    readonly at: number
    /** Nothing was left. Otherwise a part is gone: the newest writes, or what was deleted. */
    readonly everything: boolean
    /** How many dynamic schedules are gone, as far as this process knows; null: unknown. */
    readonly schedules: number | null
    /** The same of runs that had not ended. */
    readonly runs: number | null
  }
  /** The store's clock went back by this much. */
  'clock.backward': { readonly byMs: number }
  'listener.failed': { readonly event: string; readonly error: StoredError }
  'scheduler.started': { readonly owner: string; readonly jobs: readonly string[] }
  'scheduler.stopped': { readonly stuck: readonly string[] }
}

/** Name of an event. */
export type SchedulerEventName = keyof SchedulerEvents
