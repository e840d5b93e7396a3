/** Entry `@quarterjack/core/testing`: time in your hands, recorders, and the suite that every store must pass. */

// Time and chance.
export { fakeClock } from './fake-clock.ts'
export type { FakeClock } from './fake-clock.ts'
export { seededRandom } from '../random/random.ts'
export type { Random } from '../random/random.ts'

// A scheduler moved by hand.
export { manualScheduler } from './manual-scheduler.ts'
export type { ManualScheduler, ManualSchedulerOptions } from './manual-scheduler.ts'
export { recordEvents } from './record-events.ts'
export type { EventRecorder, RecordedEvent } from './record-events.ts'

// For adapter authors.
export { storeConformance } from './conformance/store-conformance.ts'
export type { ConformanceOptions } from './conformance/store-conformance.ts'
export type { ConformanceHarness } from './conformance/trial.ts'
