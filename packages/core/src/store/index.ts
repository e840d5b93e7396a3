/** Entry `@quarterjack/core/store`: what an adapter author needs. See `docs/writing-a-store.md`. */

// The contract.
export type { Store, StoreCapabilities, StoreHint } from './store.ts'
export type { AtStoreTime, Tick } from './tick.ts'
export type { ClaimAtOnce, ClaimedRun } from './claim-at-once.ts'
export type {
  FiredRun,
  FireReply,
  Firing,
  LedgerPage,
  Registration,
  RegistrationReply,
  ScheduleRef,
  ScheduleStore,
  ScheduleWrite,
  ScheduleWriteReply,
} from './schedules.ts'
export type {
  ClaimReply,
  ClaimRequest,
  Debounce,
  EnqueueReply,
  EnqueueRequest,
  GateRecord,
  JobStats,
  KeepRule,
  PruneRequest,
  RenewReply,
  RenewRequest,
  RunQuery,
  RunStore,
  SettleReply,
  Settlement,
  StoreLoss,
} from './runs.ts'
export { MAX_MERGING, MAX_SPARED } from './runs.ts'
export type { RunCommit } from './run-commit.ts'
export { commitOf } from './run-commit.ts'
export type { AcquireReply, AcquireRequest, HeldLease, LeaseStore } from './leases.ts'

// Its windows part.
export type {
  ClaimedWindow,
  DefineReply,
  DirtyWindow,
  Drain,
  DrainReply,
  MarkedSource,
  MarkGroup,
  Refresher,
  RefresherRefusal,
  RollupDefinition,
  RollupState,
  WindowBid,
  WindowClaim,
  WindowClaimReply,
  WindowCommit,
  WindowCommitReply,
  WindowFailure,
  WindowPass,
  WindowStore,
} from './windows.ts'
export type { BackfillControl, BackfillReply, BackfillRequest, BackfillStamp, BackfillStore } from './backfills.ts'
export type {
  BackfillRecord,
  BackfillSelect,
  Mark,
  MarkKind,
  MarkRecord,
  RollupRecord,
  SealedMarks,
  WindowRecord,
} from './window-records.ts'

// What a store keeps.
export type {
  AttemptRecord,
  JobRecord,
  OverlapPolicy,
  RunRecord,
  ScheduleRecord,
  SkipRange,
  SkipRecord,
  SlotCounters,
  SuspendedStretch,
  Suspension,
} from './records.ts'
export type { StoredError } from '../errors/stored-error.ts'

// What ready-made handlers and their jobs tell each other.
export type { RunDefaults } from '../job/run-defaults.ts'
export { policyOf, withRunDefaults } from '../job/run-defaults.ts'

// The rules of states and gates.
export type { AttemptOutcome, RunAction, RunState, SkipReason, TriggerKind } from '../run/run-state.ts'
export { isTerminal, nextRunState, RUN_TRANSITIONS, TERMINAL_STATES } from '../run/run-state.ts'
export { jobGate, keyGate, mutexGate } from './gates.ts'

// Hints to those in the process.
export type { Audience } from './audience.ts'
export { createAudience, keyOfHint } from './audience.ts'

// Errors that stores throw.
export { QuarterjackError } from '../errors/quarterjack-error.ts'
export type { ErrorCode } from '../errors/error-code.ts'

// Checks of options, in the core's words.
export type { NameHints, OptionProblem } from '../errors/check-options.ts'
export type { OptionsSchema, OptionWords } from '../errors/checked-options.ts'
export { checkedOptions, readOptions } from '../errors/checked-options.ts'
