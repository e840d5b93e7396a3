/** The store's clock: it runs with the timeline, and can be stepped. */
import type { Clock } from '../../src/time/clock.ts'
import type { Timeline } from './timeline.ts'

export interface StoreTime {
  readonly clock: Clock
  now(): number
  step(ms: number): void
  /** How far it was stepped forward, in ms, since that instant of the timeline. */
  forwardSince(at: number): number
  backwardSince(at: number): number
}

export function createStoreTime(timeline: Timeline, startAt: number): StoreTime {
  const steps: { readonly at: number; readonly ms: number }[] = []
  let offset = startAt
  const now = (): number => Math.floor(offset + timeline.now)
  const sum = (at: number, sign: 1 | -1): number =>
    steps.filter((step) => step.at >= at && step.ms * sign > 0).reduce((total, step) => total + step.ms * sign, 0)
  return {
    now,
    step(ms) {
      offset += ms
      steps.push({ at: timeline.now, ms })
    },
    forwardSince: (at) => sum(at, 1),
    backwardSince: (at) => sum(at, -1),
    clock: {
      now,
      monotonic: () => timeline.now,
      setTimer: (callback, delayMs) => ({ timer: timeline.after(delayMs, callback) }),
      clearTimer: (handle) => timeline.cancel(handle.timer as ReturnType<Timeline['after']>),
      defer: (callback) => timeline.defer(callback),
    },
  }
}
