/** Recorders: what happened, for assertions. */
import { EVENT_NAMES, requireEventName } from '../observe/event-names.ts'
import type { SchedulerEventName, SchedulerEvents } from '../observe/events.ts'
import type { Scheduler } from '../scheduler/scheduler.ts'

/** One event, as it was emitted. */
export type RecordedEvent = { [E in SchedulerEventName]: { readonly name: E; readonly event: SchedulerEvents[E] } }[SchedulerEventName]

/** The events of one scheduler, in the order in which they happened. */
export interface EventRecorder {
  /** Oldest first. */
  readonly all: readonly RecordedEvent[]
  /** Those of one name. Throws `InvalidOption` for a name that no event has. */
  of<E extends SchedulerEventName>(name: E): readonly SchedulerEvents[E][]
  /** Forgets everything so far. */
  clear(): void
  /** Stops recording. */
  stop(): void
}

/** Records every event of a scheduler from now on. */
export function recordEvents(scheduler: Pick<Scheduler, 'on'>): EventRecorder {
  const all: RecordedEvent[] = []
  const undo = EVENT_NAMES.map((name) => scheduler.on(name, (event) => void all.push({ name, event } as RecordedEvent)))
  return {
    all,
    of(name) {
      requireEventName(name, 'events.of')
      return all.filter((one) => one.name === name).map((one) => one.event) as never
    },
    clear: () => void all.splice(0),
    stop() {
      for (const off of undo) off()
    },
  }
}
