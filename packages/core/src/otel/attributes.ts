/** Names of span and metric attributes. Listed in `docs/observability.md`. */
import type { Attributes } from '@opentelemetry/api'
import type { SchedulerEvents } from '../observe/events.ts'
import type { TraceContext } from '../observe/trace-context.ts'
import type { TriggerKind } from '../run/run-state.ts'

export const SCOPE = '@quarterjack/core'

export const ATTRIBUTE = {
  job: 'quarterjack.job',
  key: 'quarterjack.key',
  runId: 'quarterjack.run.id',
  attempt: 'quarterjack.run.attempt',
  slot: 'quarterjack.run.slot',
  trigger: 'quarterjack.run.trigger',
  latenessMs: 'quarterjack.run.lateness_ms',
  outcome: 'quarterjack.run.outcome',
  reason: 'quarterjack.run.reason',
  retryAt: 'quarterjack.run.retry_at',
  skipReason: 'quarterjack.skip.reason',
  counted: 'quarterjack.skip.counted',
  verb: 'quarterjack.store.verb',
} as const

/** What an attempt's span is told apart by. */
export interface AttemptKey {
  readonly runId: string
  readonly attempt: number
}

/** What is known of an attempt when it starts. */
export interface AttemptStart extends AttemptKey {
  readonly job: string
  readonly key: string
  readonly trigger: TriggerKind
  /** Epoch ms; null for runs without a slot. */
  readonly slot: number | null
  readonly trace: TraceContext | null
}

/** How an attempt ends: the end of the event's name, or `failed` where no event tells more. */
export type AttemptEnd = 'succeeded' | 'retrying' | 'dead' | 'cancelled' | 'skipped' | 'released' | 'stale' | 'failed'

/** Names of the events that end an attempt. */
export const END_EVENTS = [
  'run.succeeded',
  'run.retrying',
  'run.dead',
  'run.cancelled',
  'run.skipped',
  'run.released',
  'run.stale',
] as const

/** The payloads of {@link END_EVENTS}. */
export type EndEvent = SchedulerEvents[(typeof END_EVENTS)[number]]

/** `run.dead` → `dead`. */
export function endOf(event: (typeof END_EVENTS)[number]): AttemptEnd {
  return event.slice('run.'.length) as AttemptEnd
}

export function startAttributes(start: AttemptStart): Attributes {
  return {
    [ATTRIBUTE.job]: start.job,
    [ATTRIBUTE.key]: start.key,
    [ATTRIBUTE.runId]: start.runId,
    [ATTRIBUTE.attempt]: start.attempt,
    [ATTRIBUTE.trigger]: start.trigger,
    ...(start.slot === null ? {} : { [ATTRIBUTE.slot]: new Date(start.slot).toISOString() }),
  }
}
