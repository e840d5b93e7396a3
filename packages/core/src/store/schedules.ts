/** The schedules part of the contract: definitions, due slots, fire, dynamic schedules, the ledger. */
import type { SlotCounters } from './records.ts'
import type { JobRecord, OverlapPolicy, RunRecord, ScheduleRecord, SkipRange, SkipRecord, Suspension } from './records.ts'
import type { ClaimAtOnce, ClaimedRun } from './claim-at-once.ts'
import type { AtStoreTime, Tick } from './tick.ts'

/** A schedule to be written. Slots were computed for the instant `asOf`, which lies at or before the store's now. */
export interface ScheduleWrite {
  readonly job: string
  readonly name: string
  readonly key: string
  /** Used when the schedule does not exist yet. One that was removed is not made again: it is `created`, and removed. */
  readonly incarnation: string
  /** JSON text, resolved. */
  readonly spec: string
  readonly payload: string | null
  readonly asOf: number
  /** First slot after `asOf`, or `null` when there is none. */
  readonly nextSlot: number | null
  readonly nextDueAt: number | null
}

/**
 * `created`, `changed`, `unchanged` (equal spec and payload: nothing was written), or `stale`: the
 * cursor is already past `asOf`; compute again from `cursor`. A created schedule has `asOf` as its cursor
 * and as its `createdAt`: its slots count from there, however late the write arrives. On a change the store keeps the old
 * spec in `history`, writes the unfired old slots `[old nextSlot, asOf]` as one uncounted
 * `superseded` range (only if old nextSlot ≤ asOf), raises `generation`, and sets the cursor to `asOf`.
 */
export interface ScheduleWriteReply {
  readonly status: 'created' | 'changed' | 'unchanged' | 'stale'
  readonly cursor: number
}

/** Names one schedule. */
export interface ScheduleRef {
  readonly job: string
  readonly name: string
}

/** A job's definition to be written, whole or not at all. */
export interface Registration {
  readonly job: string
  readonly hash: string
  /** The generation that was loaded; 0 for a job the store did not know. */
  readonly expectedGeneration: number
  readonly concurrency: number | null
  readonly rateLimit: { readonly max: number; readonly perMs: number } | null
  /** The whole static set; static schedules of the job that are missing here are retired with it. */
  readonly schedules: readonly ScheduleWrite[]
  /** When `job` is unknown and this one exists: its record, schedules and runs change name first. */
  readonly renamedFrom?: string | undefined
  /** Only of a job that the store hears of for the first time, and that takes over no other's name: it is suspended with this write. */
  readonly suspended?: Suspension | undefined
}

/** `registered` or `stale`: generation or a cursor moved; load and plan again. */
export interface RegistrationReply {
  readonly status: 'registered' | 'stale'
  readonly generation: number
}

/** A row that cannot be understood, as it was looked at. */
export interface Unreadable extends ScheduleRef {
  readonly incarnation: string
  readonly generation: number
  readonly expectedSlot: number | null
  readonly reason: string
}

/** One step of one schedule: everything up to `through` is accounted for by `runs` and `skips`. */
export interface Firing {
  readonly job: string
  readonly name: string
  readonly incarnation: string
  readonly generation: number
  /** Compare-and-set: fires only if this is still the schedule's `nextSlot`. */
  readonly expectedSlot: number
  /** The new cursor, ≥ `expectedSlot`. */
  readonly through: number
  readonly nextSlot: number | null
  readonly nextDueAt: number | null
  /** Oldest first. */
  readonly runs: readonly FiredRun[]
  readonly skips: readonly SkipRange[]
}

/** A run to be made of a slot. Its payload and key are the schedule's. */
export interface FiredRun {
  /** Hash of (incarnation, slot). */
  readonly id: string
  readonly slot: number
  readonly runAt: number
  readonly priority: number
  readonly overlap: OverlapPolicy
  /** With `queue`: how many slot runs of (job, key) may stand behind the running one. */
  readonly queueLimit: number
  readonly gates: readonly string[]
}

/**
 * `fired`; `stale` (another node fired it, or it changed: nothing was written); `suspended` (the
 * schedule or its job was suspended meanwhile: nothing was written); `gone`.
 *
 * Overlap, decided in the same write: `skip` — the schedule's newest earlier run is not terminal →
 * the new run is recorded `skipped(overlap)`; `queue` — a run of (job, key) is alive and `queueLimit`
 * slot runs of it are pending or waiting → `skipped(limit)`; `replace` — running runs of (job, key)
 * get a cancel request, pending and waiting slot runs are cancelled; `allow` — nothing.
 */
export interface FireReply {
  readonly status: 'fired' | 'stale' | 'suspended' | 'gone'
  /** In the order asked; `claimed` when the run was claimed at once. */
  readonly runs: readonly {
    readonly id: string
    readonly state: RunRecord['state']
    readonly reason: string | null
    readonly claimed?: ClaimedRun
  }[]
}

/** The ledger records of one schedule, by slot, after `after`. */
export interface LedgerPage {
  readonly schedule: ScheduleRecord | null
  readonly runs: readonly {
    readonly id: string
    readonly slot: number
    readonly state: RunRecord['state']
    readonly reason: string | null
  }[]
  readonly skips: readonly SkipRecord[]
  readonly folded: SlotCounters
  /** True when `limit` cut `runs` or `skips`; go on after the largest slot given. */
  readonly more: boolean
}

/** Definitions, due slots, firing, dynamic schedules, the ledger. */
export interface ScheduleStore {
  /** Job records, their static schedules, and what live owners declare. */
  load(request: { readonly jobs: readonly string[] }): Promise<{
    readonly storeNow: number
    readonly jobs: readonly JobRecord[]
    readonly schedules: readonly ScheduleRecord[]
  }>

  /** Compare-and-set on each job's generation; each job is atomic by itself. */
  register(
    request: { readonly registrations: readonly Registration[] } & AtStoreTime,
  ): Promise<{ readonly replies: readonly RegistrationReply[] } & Tick>

  /**
   * Schedules of the owner's jobs with `nextDueAt ≤ now`, unsuspended, earliest first, fair between jobs. Where several
   * live owners know a job, a store may leave each a part of what is due to itself for up to 100 ms; `nextDueAt` then tells
   * when to ask again. It is advice about who fires, never a rule: firing compares. With `aheadMs`, where the store's
   * capabilities say `looksAhead`, also what is due within that time.
   */
  due(request: { readonly owner: string; readonly limit: number; readonly aheadMs?: number | undefined } & AtStoreTime): Promise<
    {
      readonly schedules: readonly ScheduleRecord[]
      readonly suspendedStretches: Readonly<Record<string, ScheduleRecord['suspendedStretches']>>
    } & Tick
  >

  /**
   * Carries out firings, each atomic by itself; see {@link Firing} and {@link FireReply}. With `lookedAt`, the store's instant at
   * which they were looked at, a firing is `stale` also when its schedule is not yet due, or when the schedule or its job
   * was resumed since: its plan does not know the stretch. A store may wait a moment for what is about to be due.
   */
  fire(
    request: {
      readonly firings: readonly Firing[]
      readonly claim?: ClaimAtOnce | undefined
      readonly lookedAt?: number | undefined
    } & AtStoreTime,
  ): Promise<{ readonly replies: readonly FireReply[] } & Tick>

  /** Creates or changes dynamic schedules. */
  set(
    request: { readonly schedules: readonly ScheduleWrite[] } & AtStoreTime,
  ): Promise<{ readonly replies: readonly ScheduleWriteReply[] } & Tick>

  /** Removes dynamic schedules; true where one was there. Their runs stay. */
  remove(request: { readonly schedules: readonly ScheduleRef[] }): Promise<{ readonly removed: readonly boolean[] }>

  get(request: { readonly schedules: readonly ScheduleRef[] }): Promise<{ readonly schedules: readonly (ScheduleRecord | null)[] }>

  /** Ordered by (job, name); `after` continues a page. */
  list(request: { readonly job?: string | undefined; readonly after?: ScheduleRef | undefined; readonly limit: number }): Promise<{
    readonly schedules: readonly ScheduleRecord[]
  }>

  /**
   * Suspends (`reason`) or resumes (`reason: null`) jobs, or single schedules when `name` is given.
   * Nothing of a suspended job fires or is claimed. Resuming closes the stretch `[at, now]`, kept on
   * the record; `nextSlot` stays, so the overdue schedule is due at once and its firing accounts for
   * the stretch. At most 10 stretches are kept: older ones are merged. False where nothing was found
   * or nothing changed.
   */
  suspend(
    request: {
      readonly targets: readonly { readonly job: string; readonly name?: string | undefined; readonly reason: string | null }[]
    } & AtStoreTime,
  ): Promise<{ readonly changed: readonly boolean[] }>

  /**
   * Takes schedules out of the due index because their rows cannot be understood, each only where it still is as it was
   * looked at: whoever wrote or fired it meanwhile understands it. Writing it again, with whatever content, ends it.
   */
  quarantine(request: { readonly schedules: readonly Unreadable[] }): Promise<void>

  /**
   * Ends jobs that left the code: removes the record and its schedules, cancels pending and waiting
   * runs. Refused (`inUse`) while a live owner declares the job.
   */
  retire(
    request: { readonly jobs: readonly string[] } & AtStoreTime,
  ): Promise<{ readonly replies: readonly ('retired' | 'inUse' | 'unknown')[] }>

  ledger(request: ScheduleRef & { readonly after: number | null; readonly limit: number }): Promise<LedgerPage>

  /** Fills in counts that a range did not have; adds them to `slots` in the same write. Ignored for ranges that have one. */
  countSkips(request: ScheduleRef & { readonly counts: readonly { readonly id: string; readonly count: number }[] }): Promise<void>
}
