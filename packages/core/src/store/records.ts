/** What a store keeps: plain records, instants in epoch milliseconds of the store's clock. */
import type { StoredError } from '../errors/stored-error.ts'
import type { AttemptOutcome, RunState, SkipReason, TriggerKind } from '../run/run-state.ts'

/** What happens to a slot that is due while a run of the same (job, key) is alive. */
export type OverlapPolicy = 'skip' | 'queue' | 'replace' | 'allow'

/** One execution of a run, kept with the run (the newest 20). */
export interface AttemptRecord {
  readonly number: number
  readonly outcome: AttemptOutcome
  readonly owner: string
  readonly fence: number
  readonly startedAt: number
  readonly finishedAt: number
  readonly error: StoredError | null
}

/** The record of one slot, trigger or replay. */
export interface RunRecord {
  readonly id: string
  readonly job: string
  readonly key: string
  readonly state: RunState
  readonly trigger: TriggerKind
  /** The schedule whose slot this run records; `null` for every other trigger. */
  readonly schedule: string | null
  /** Nominal due instant. Set for slot runs, and carried along by replays of them. */
  readonly slot: number | null
  /** JSON text of the schema's input, or `null` for none. */
  readonly payload: string | null
  /** Payloads of coalesced triggers still to be folded by the job's merge function, oldest first. */
  readonly merging: readonly string[] | null
  /** Higher first among due runs of one job. */
  readonly priority: number
  readonly runAt: number
  readonly createdAt: number
  /** Start of the current or last attempt. */
  readonly startedAt: number | null
  readonly finishedAt: number | null
  readonly overlap: OverlapPolicy
  /** Names of the gates it must hold while it runs, sorted. */
  readonly gates: readonly string[]
  /** Number of the current or last attempt; 0 before the first. */
  readonly attempt: number
  /** Attempts that failed or timed out: what the retry limit counts. */
  readonly failures: number
  /** Owners that died while this was their only suspect. Three make the run dead. */
  readonly crashes: number
  /** An owner died with it; it runs as the sole suspect of a process until it ends otherwise. */
  readonly suspect: boolean
  readonly owner: string | null
  /** Of the last claim. Only grows. */
  readonly fence: number
  /** A debounced run that still takes triggers in; its first claim ends that for ever. */
  readonly open: boolean
  /** How many triggers this run answers. */
  readonly triggers: number
  readonly cancelRequested: string | null
  /** Why it was cancelled or died, in words. Of a skipped run the {@link SkipReason}, and behind `handler: ` its handler's words. */
  readonly reason: string | null
  readonly progress: string | null
  readonly result: string | null
  readonly error: StoredError | null
  readonly attempts: readonly AttemptRecord[]
  readonly replayOf: string | null
  /** JSON text of what its trigger carried along: see `TraceContext`. Of a run that several triggers share, the first one's. */
  readonly trace: string | null
}

/** One stretch of slots that were not run. `from` and `to` bound it inclusively; `count` is null until an audit counts it. */
export interface SkipRange {
  readonly reason: SkipReason
  readonly from: number
  readonly to: number
  readonly count: number | null
}

/** A kept {@link SkipRange}. `specGeneration` names the spec that its slots come from. */
export interface SkipRecord extends SkipRange {
  readonly id: string
  readonly specGeneration: number
}

/** How many slots ended how; what pruning folds deleted ledger records into. */
export type SlotCounters = Readonly<Partial<Record<'succeeded' | 'dead' | 'cancelled' | `skipped:${SkipReason}`, number>>>

/** Work is stopped on purpose, since `at`, because of `reason`. */
export interface Suspension {
  readonly at: number
  readonly reason: string
}

/** A closed stretch of suspension: slots in `(from, to]` are skipped as `suspended`. */
export type SuspendedStretch = readonly [from: number, to: number]

/** A spec that was in force up to `until`. */
export interface PastSpec {
  readonly generation: number
  readonly spec: string
  readonly until: number
  /** The record's own when the spec ended: slots between the two were excluded, and had not been passed by to be recorded. */
  readonly cursor?: number
  readonly nextSlot?: number | null
}

/** A schedule, its cursor and its ledger totals. */
export interface ScheduleRecord {
  readonly job: string
  /** Unique in the job: `#0` (position) or `#name` for static ones, the key for dynamic ones. */
  readonly name: string
  /** Key of the runs it fires. */
  readonly key: string
  /** New with every creation: a removed and re-set schedule is another one. */
  readonly incarnation: string
  /** Raised by each change of `spec` or `payload`. Starts at 1. */
  readonly generation: number
  /** JSON text of a resolved `ScheduleSpec`. */
  readonly spec: string
  /** JSON text, or `null`. */
  readonly payload: string | null
  /** Last accounted slot, or the instant of creation or change before the first. Never goes back. */
  readonly cursor: number
  /** Next slot to fire; `null` when exhausted. */
  readonly nextSlot: number | null
  /** `nextSlot` plus its jitter. */
  readonly nextDueAt: number | null
  readonly suspended: Suspension | null
  /** Closed suspensions that end after the cursor, oldest first. */
  readonly suspendedStretches: readonly SuspendedStretch[]
  /** Slots accounted for since creation, uncounted ranges excepted. */
  readonly slots: number
  /** Ledger records that were pruned, by outcome. */
  readonly folded: SlotCounters
  /** Newest slot that pruning touched: only the slots after it can be enumerated. `null` while nothing was pruned. */
  readonly horizon: number | null
  /** Specs of earlier generations that slots after the horizon came from, oldest first. */
  readonly history: readonly PastSpec[]
  /** Since when its slots count: the `asOf` of the write that created it. */
  readonly createdAt: number
  /** Set when the row could not be understood: it no longer fires, alone. */
  readonly quarantined: string | null
}

/** What the store knows of a job's definition. */
export interface JobRecord {
  readonly job: string
  /** Store-assigned; raised by each accepted change. */
  readonly generation: number
  /** Of the current definition. */
  readonly hash: string
  /** Hashes that were current once (the newest 50), oldest first. */
  readonly superseded: readonly string[]
  /** Hashes that live owners declare. */
  readonly declared: readonly string[]
  /** Limit of the gate `job:<name>`; `null` = unlimited. */
  readonly concurrency: number | null
  /** At most `max` claims in each window of `perMs` that opens with a claim. */
  readonly rateLimit: { readonly max: number; readonly perMs: number } | null
  readonly suspended: Suspension | null
  readonly suspendedStretches: readonly SuspendedStretch[]
}
