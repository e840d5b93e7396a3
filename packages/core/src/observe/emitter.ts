/** Delivers events to listeners that cannot hurt each other, or whoever emits. */
import type { StoredError } from '../errors/stored-error.ts'
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { shown } from '../errors/shown.ts'
import { type Clock, systemClock } from '../time/clock.ts'
import { requireEventName } from './event-names.ts'
import type { SchedulerEventName, SchedulerEvents } from './events.ts'
import { toStoredError } from './stored-error.ts'

/** Failures of listeners that are reported within one minute; further ones are only counted. */
export const REPORTS_PER_MINUTE = 10

/** One failure of a listener, and how many went unreported since the report before it. */
export interface ListenerFailure {
  readonly event: SchedulerEventName
  readonly error: StoredError
  readonly unreported: number
}

/** Options of {@link createEmitter}. */
export interface EmitterOptions {
  /** For the log; at most {@link REPORTS_PER_MINUTE} a minute. */
  readonly onListenerError?: (failure: ListenerFailure) => void
  /** Measures that minute. Default: the process's clock. */
  readonly clock?: Clock
}

/** The events of one scheduler. */
export interface Emitter {
  /**
   * Calls `listener` with each later `event`; the returned function ends that. Throws `InvalidOption` for an unknown name.
   * Listeners run one after another inside `emit`: their synchronous part delays the loop by as long as it takes, the rest not at all.
   */
  on<E extends SchedulerEventName>(event: E, listener: (payload: SchedulerEvents[E]) => void): () => void
  /** Never throws. The payload is frozen. */
  emit<E extends SchedulerEventName>(event: E, payload: SchedulerEvents[E]): void
  /** True when somebody listens: whoever would have to build a costly payload asks first. */
  hears(event: SchedulerEventName): boolean
  /** Throws and rejections of listeners so far. */
  listenerErrors(): number
}

interface Subscription {
  readonly listener: (payload: never) => unknown
}

/**
 * An emitter whose listeners are isolated: one that throws, or returns a promise that rejects, hurts nothing. Each such
 * failure is counted, and reported as `listener.failed` at a bounded rate. Without listeners, `emit` is one map look-up.
 */
export function createEmitter(options: EmitterOptions = {}): Emitter {
  const { clock = systemClock } = options
  const listeners = new Map<SchedulerEventName, readonly Subscription[]>()
  let errors = 0
  let minuteStartedAt = Number.NEGATIVE_INFINITY
  let reports = 0
  let unreported = 0

  const mayReport = (): boolean => {
    const now = clock.monotonic()
    if (now - minuteStartedAt >= 60_000) {
      minuteStartedAt = now
      reports = 0
    }
    reports += 1
    return reports <= REPORTS_PER_MINUTE
  }

  const onFailure = (event: SchedulerEventName, thrown: unknown): void => {
    errors += 1
    if (!mayReport()) {
      unreported += 1
      return
    }
    const error = toStoredError(thrown, 4_096)
    try {
      options.onListenerError?.({ event, error, unreported })
    } catch {
      // Whoever reports failures has no one to report its own to.
    }
    unreported = 0
    // The failure of a listener to failures is counted and logged, never emitted: it would call itself for ever.
    if (event !== 'listener.failed') emit('listener.failed', { event, error })
  }

  const emit: Emitter['emit'] = (event, payload) => {
    const heard = listeners.get(event)
    if (heard === undefined) return
    Object.freeze(payload) // one listener cannot change what the next one sees
    for (const { listener } of heard) {
      try {
        const result = listener(payload as never)
        if (typeof result === 'object' && result !== null && 'then' in result) {
          Promise.resolve(result).catch((error: unknown) => onFailure(event, error))
        }
      } catch (error) {
        onFailure(event, error)
      }
    }
  }

  return {
    on(event, listener) {
      requireSubscription(event, listener)
      const subscription: Subscription = { listener }
      // Copied on write: an emit under way keeps the list it began with.
      listeners.set(event, [...(listeners.get(event) ?? []), subscription])
      return () => {
        const rest = (listeners.get(event) ?? []).filter((other) => other !== subscription)
        if (rest.length === 0) listeners.delete(event)
        else listeners.set(event, rest)
      }
    },
    emit,
    hears: (event) => listeners.has(event),
    listenerErrors: () => errors,
  }
}

function requireSubscription(event: unknown, listener: unknown): void {
  requireEventName(event, 'on')
  if (typeof listener !== 'function') {
    throw new QuarterjackError('InvalidOption', `on: the listener of "${String(event)}" must be a function; this is ${shown(listener)}.`)
  }
}
