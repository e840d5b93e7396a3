/** The names of all events, at run time. */
import { closestName } from '../errors/closest-name.ts'
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { shown } from '../errors/shown.ts'
import type { SchedulerEventName } from './events.ts'

// A record, so that the compiler misses no name and takes no other.
const NAMES: Readonly<Record<SchedulerEventName, true>> = {
  'run.started': true,
  'run.succeeded': true,
  'run.retrying': true,
  'run.dead': true,
  'run.cancelled': true,
  'run.skipped': true,
  'run.released': true,
  'run.stale': true,
  'run.stuck': true,
  'slots.skipped': true,
  'schedule.exhausted': true,
  'schedule.quarantined': true,
  'job.suspended': true,
  'job.resumed': true,
  'owner.expired': true,
  'lease.lost': true,
  'store.failed': true,
  'store.recovered': true,
  'store.lost': true,
  'clock.backward': true,
  'listener.failed': true,
  'scheduler.started': true,
  'scheduler.stopped': true,
}

/** Every {@link SchedulerEventName}, in the order of `docs/events.md`. */
export const EVENT_NAMES: readonly SchedulerEventName[] = Object.keys(NAMES) as SchedulerEventName[]

/** Throws `InvalidOption` for a name that no event has. `verb` was called. */
export function requireEventName(name: unknown, verb: string): void {
  if (EVENT_NAMES.includes(name as SchedulerEventName)) return
  const near = typeof name === 'string' ? closestName(name, EVENT_NAMES) : null
  const guess = near === null ? '' : ` Did you mean "${near}"?`
  throw new QuarterjackError('InvalidOption', `${verb}: there is no event ${shown(name)}.${guess} Events: ${EVENT_NAMES.join(', ')}.`)
}
