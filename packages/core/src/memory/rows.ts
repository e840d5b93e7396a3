/** What the memory store keeps. Rows change in place and never leave the store: callers get copies. */
import type { StoredError } from '../errors/stored-error.ts'
import type { AttemptOutcome, RunState, SkipReason, TriggerKind } from '../run/run-state.ts'
import type { AttemptRecord, JobRecord, OverlapPolicy, ScheduleRecord, SuspendedStretch, Suspension } from '../store/records.ts'
import type { KeepRule, Settlement } from '../store/runs.ts'
import type { Chain, Link } from './chain.ts'
import type { ExpiringMap } from './expiring-map.ts'
import type { Heap, HeapItem } from './heap.ts'
import type { ScheduleTable } from './schedule-table.ts'
import type { SortedLog } from './sorted-log.ts'

/** A run. Fields that {@link RunRecord} has too mean the same. */
export interface RunRow extends HeapItem {
  readonly kind: 'run'
  readonly id: string
  /** Grows with creation: the run's age. */
  readonly sequence: number
  job: JobRow
  key: KeyRow
  state: RunState
  readonly trigger: TriggerKind
  readonly schedule: string | null
  readonly slot: number | null
  payload: string | null
  merging: readonly string[] | null
  priority: number
  runAt: number
  readonly createdAt: number
  startedAt: number | null
  finishedAt: number | null
  readonly overlap: OverlapPolicy
  /** Held while the run is `running`. */
  gates: readonly string[]
  attempt: number
  failures: number
  crashes: number
  suspect: boolean
  owner: OwnerRow | null
  fence: number
  open: boolean
  triggers: number
  cancelRequested: string | null
  reason: string | null
  progress: string | null
  result: string | null
  error: StoredError | null
  attempts: readonly AttemptRecord[]
  readonly replayOf: string | null
  readonly trace: string | null

  /** Made by a debounced trigger. */
  readonly debounced: boolean
  /** The present attempt is known to have begun. */
  started: boolean
  /** The heap it stands in: due, delayed or waiting. */
  heap: Heap<RunRow> | null
  /** The line it waits in. */
  line: GateLine | null
  /** The line that let it go, until it takes its gates or gives up its chance. */
  promotedBy: GateLine | null
  /** How the claim of the present fence was settled. */
  settled: { readonly outcome: AttemptOutcome; readonly to: Settlement['then']['to'] } | null
  /** The ledger it belongs to, if it records a slot. */
  ledger: ScheduleDetail | null
  aliveLink: Link<RunRow> | null
  kindLink: Link<Filed> | null
  ageLink: Link<Filed> | null
}

/** A stretch of slots that were not run. */
export interface SkipRow {
  readonly kind: 'range'
  readonly id: string
  readonly reason: SkipReason
  readonly from: number
  readonly to: number
  count: number | null
  readonly specGeneration: number
  key: KeyRow
  readonly finishedAt: number
  readonly ledger: ScheduleDetail
  kindLink: Link<Filed> | null
  ageLink: Link<Filed> | null
}

/** What history holds and pruning deletes. */
export type Filed = RunRow | SkipRow

/** What a schedule has beside its columns. Made when first needed. */
export interface ScheduleDetail {
  /** Key of its runs where it is not its name. */
  key: string | null
  suspended: Suspension | null
  stretches: readonly SuspendedStretch[]
  history: ScheduleRecord['history'][number][]
  quarantined: string | null
  /** Its ledger: runs by slot, ranges by their first slot. */
  readonly runs: SortedLog<RunRow>
  readonly skips: SortedLog<SkipRow>
  readonly folded: Record<string, number>
  horizon: number | null
  /** Its newest run that was not skipped at once. */
  lastRun: RunRow | null
}

/** A job, known by definition or only by name. */
export interface JobRow {
  name: string
  /** Name of its own gate. */
  gateName: string
  /** 0 while it has no definition. */
  generation: number
  hash: string
  superseded: readonly string[]
  concurrency: number | null
  rateLimit: JobRecord['rateLimit']
  suspended: Suspension | null
  stretches: readonly SuspendedStretch[]
  readonly schedules: ScheduleTable<ScheduleDetail>
  readonly statics: Set<string>
  readonly keys: Map<string, KeyRow>
  /** Every run that is kept, by age. */
  readonly runs: SortedLog<RunRow>
  pending: number
  waiting: number
  running: number
  /** Pending runs: due ones, due ones that are suspects, those that are due later. */
  readonly ready: Heap<RunRow>
  readonly suspects: Heap<RunRow>
  readonly delayed: Heap<RunRow>
  /** The rate limit's present window. */
  readonly rate: { openedAt: number; used: number }
  /** Its places in the indexes of all jobs. */
  readonly due: JobEntry
  readonly timed: JobEntry
  readonly idempotency: ExpiringMap<string>
  /** Windows that a leading debounce opened, by key: the run that led. */
  readonly windows: ExpiringMap<string>
  /** Ended runs and skip ranges, the oldest first. */
  readonly filed: Chain<Filed>
  /** The last rule it was pruned by, and the keys that have more than it allows: with when the first that was spared finished, if nothing ended since. */
  keep: KeepRule | null
  readonly crowded: Map<KeyRow, number>
  lastRun: RunRow | null
  lastSuccess: RunRow | null
  lastFailure: RunRow | null
  failuresInARow: number
  /** The newest attempts, oldest first. */
  readonly recent: RecentAttempt[]
}

export interface RecentAttempt {
  readonly run: RunRow
  readonly outcome: AttemptOutcome
  readonly latenessMs: number
  readonly durationMs: number
}

/** A job's place in an index of all jobs; `at` is an instant, Infinity outside. */
export interface JobEntry extends HeapItem {
  readonly job: JobRow
  at: number
}

/** What shares a (job, key). */
export interface KeyRow {
  readonly job: JobRow
  readonly name: string
  /** Runs that have not ended, by age. */
  readonly alive: Chain<RunRow>
  /** How many of them count as running or about to: all but debounced ones that nobody claimed yet. */
  busy: number
  /** Slot runs among them that are pending or waiting. */
  standing: number
  /** The debounced run that still takes triggers in. */
  open: RunRow | null
  /** What has ended, by kind, oldest first. */
  readonly kinds: Map<FiledKind, Chain<Filed>>
}

/** What pruning counts apart. */
export type FiledKind = 'succeeded' | 'dead' | 'cancelled' | 'skipped' | 'range'

/** A process, while its lease lasts. */
export interface OwnerRow {
  readonly id: string
  expiresAt: number
  /** Hashes it declares, by job. */
  jobs: ReadonlyMap<string, string>
  readonly runs: Set<RunRow>
  /** The one suspect it holds. */
  suspect: RunRow | null
  /** Gates of settled runs whose handlers still execute, by run and fence. */
  readonly stuck: Map<string, readonly string[]>
  /** Its process goes on under another id: its runs do not crash. */
  survived: boolean
}

/** An owner that left or was found expired. It never comes back. */
export interface EndedOwner {
  /** Runs to which its end was counted as a crash. */
  crashed: readonly RunRow[]
}

/** A counter that bounds how many hold it at once. Gates that nobody holds or waits at are forgotten. */
export interface Gate {
  readonly name: string
  /** The job whose concurrency it is. */
  readonly job: JobRow | null
  /** Infinity for a job without a limit. */
  limit: number
  held: number
  /** Runs that wait here, over all lines. */
  waiting: number
  /** One line per job, so that a job that nobody can run blocks no other. */
  readonly lines: Map<JobRow, GateLine>
  /** The lease that holds it, if it is a mutex. */
  lease: LeaseRow | null
  /** Bids that stand in the queue for a lease, first come first. */
  bids: readonly BidRow[]
}

/** Runs of one job that wait at one gate. */
export interface GateLine {
  readonly gate: Gate
  readonly job: JobRow
  readonly runs: Heap<RunRow>
  /** Runs that were let go from here and have neither taken their gates nor given up. */
  promoted: number
}

export interface LeaseRow extends HeapItem {
  readonly gate: Gate
  readonly name: string
  readonly holder: string
  readonly fence: number
  expiresAt: number
}

export interface BidRow {
  readonly holder: string
  /** Its place is given up then, unless it asks again. */
  readonly until: number
}
