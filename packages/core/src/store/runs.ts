/** The runs part of the contract: enqueue, claim, renew, settle, history. */
import type { StoredError } from '../errors/stored-error.ts'
import type { AttemptOutcome, RunState, TriggerKind } from '../run/run-state.ts'
import type { OverlapPolicy, RunRecord, Suspension } from './records.ts'
import type { ClaimAtOnce, ClaimedRun } from './claim-at-once.ts'
import type { AtStoreTime, Tick } from './tick.ts'

/** How triggers of one (job, key) share a run. */
export interface Debounce {
  readonly waitMs: number
  /** Latest start, counted from the first trigger. */
  readonly maxWaitMs: number | null
  /** The first trigger of a quiet (job, key) makes a run at once; the window it opens lasts `waitMs`. */
  readonly leading: boolean
  /** Triggers inside a window lead to one run at its end. */
  readonly trailing: boolean
  /** `list` keeps every payload (at most {@link MAX_MERGING}) for a merge function. */
  readonly merge: 'last' | 'first' | 'list'
}

/** A list of payloads to merge that is this long closes its run: the next trigger opens another. */
export const MAX_MERGING = 64

/** A request for a run. `id` makes a repeated request harmless. */
export interface EnqueueRequest {
  readonly id: string
  readonly job: string
  readonly key: string
  readonly trigger: TriggerKind
  readonly payload: string | null
  /** With a `list` debounce: the payloads of this request, oldest first. */
  readonly merging?: readonly string[] | undefined
  /** How many calls this request stands for. */
  readonly triggers: number
  readonly priority: number
  /** Counted from the store's now; or an absolute instant in `runAt`. */
  readonly delayMs: number
  readonly runAt?: number | undefined
  readonly overlap: OverlapPolicy
  /** Do not run at all when a run of (job, key) is alive: recorded `skipped(overlap)`. */
  readonly skipWhenBusy: boolean
  readonly gates: readonly string[]
  readonly idempotency?: { readonly key: string; readonly ttlMs: number } | undefined
  readonly debounce?: Debounce | undefined
  readonly replayOf?: string | undefined
  /** JSON text, kept with the run and given back as it is; at most some 1,000 characters. */
  readonly trace?: string | undefined
  /** Carried along by a replay of a slot run. */
  readonly slot?: number | undefined
}

/**
 * `created`; `coalesced` into the open run `id`; `duplicate` of the run `id` by idempotency key;
 * `pruned`: the idempotency key is known, its run no longer kept; `dropped`: a leading-only
 * debounce took the trigger into the run `id` that already started; `skipped` by `skipWhenBusy`.
 */
export interface EnqueueReply {
  readonly outcome: 'created' | 'coalesced' | 'duplicate' | 'pruned' | 'dropped' | 'skipped'
  readonly id: string
  readonly claimed?: ClaimedRun
}

/** How an attempt ended, and what becomes of the run. Fenced, idempotent. */
export interface Settlement {
  readonly runId: string
  readonly fence: number
  readonly outcome: AttemptOutcome
  /** On the store's clock, as the process estimates it; `null` if the run never started. */
  readonly startedAt: number | null
  readonly error: StoredError | null
  readonly progress?: string | undefined
  readonly then:
    | { readonly to: 'succeeded'; readonly result: string | null }
    | { readonly to: 'retry'; readonly delayMs: number }
    | { readonly to: 'dead'; readonly reason: string }
    | { readonly to: 'cancelled'; readonly reason: string }
    /** By the handler: the reason begins with `handler: `. */
    | { readonly to: 'skipped'; readonly reason: string }
    /** Back to pending at its old `runAt`; no failure is counted, and no attempt either. */
    | { readonly to: 'released' }
  /** Runs to be made in the same write, if the run succeeded: those of jobs that come `after` it. */
  readonly enqueue?: readonly EnqueueRequest[] | undefined
  /** The handler still executes: its gates stay held until `releaseGates`, or the owner's end. */
  readonly holdGates?: boolean | undefined
}

/** `stale`: the fence is not the run's current one; nothing was written. The same settlement twice is `settled` twice. */
export interface SettleReply {
  readonly status: 'settled' | 'stale'
  /** Dead runs in a row of this job, after this settlement. */
  readonly failuresInARow: number
}

/** What an owner says at each renewal. */
export interface RenewRequest extends AtStoreTime {
  readonly owner: string
  readonly leaseMs: number
  /** Added to the lease if the owner holds neither runs nor gates at the moment of the renewal. Default 0. */
  readonly idleMs?: number | undefined
  /** The jobs this process knows and may execute, with the hashes it declares. Given at the first renewal and when it changes. */
  readonly jobs?: readonly { readonly job: string; readonly hash: string }[] | undefined
  /** Held runs that started since they were claimed as prefetched. */
  readonly started: readonly { readonly runId: string; readonly fence: number }[]
  readonly progress: readonly { readonly runId: string; readonly fence: number; readonly progress: string }[]
  /** A former owner id of this same, living process: its runs did not crash, so crashes counted for it are taken back. */
  readonly survived?: string | undefined
}

/** Writes that a store once answered and no longer has: its server lost data, a replica that lagged took its place, or somebody deleted a part. */
export interface StoreLoss {
  /** When it was noticed. */
  readonly at: number
  /** Nothing was left. Otherwise a part is gone: the newest writes, or what was deleted. */
  readonly everything: boolean
  /** How many dynamic schedules are gone, as far as this process knows; null: unknown. */
  readonly schedules: number | null
  /** The same of runs that had not ended. */
  readonly runs: number | null
}

/**
 * `dead`: the lease had ended and the runs were taken; never revived, start again under a new id.
 * A renewal also takes over what expired owners left: their runs are pending again, those that are
 * known to have begun as suspects; their gates are released.
 */
export interface RenewReply extends Tick {
  readonly status: 'live' | 'dead'
  /** With `dead`: what this owner declared and held may be gone. It starts again under a new id, and declares its jobs anew. */
  readonly lost?: StoreLoss | undefined
  /** How many runs the store has leased to this owner. */
  readonly held: number
  /** Runs of this owner whose cancel was requested. */
  readonly cancels: readonly { readonly runId: string; readonly fence: number; readonly reason: string }[]
  /** Owners found expired, and how many runs each had. */
  readonly expired: readonly { readonly owner: string; readonly runs: number }[]
  /** Since this owner renewed last, nothing was written but renewals: definitions and history need no look. Absent where a store does not know. */
  readonly still?: boolean | undefined
}

/** A claim of due runs of the owner’s jobs. */
export interface ClaimRequest extends AtStoreTime, ClaimAtOnce {
  /** Most runs to take of single jobs; absent jobs are bounded by `limit` only. */
  readonly perJob?: Readonly<Record<string, number>> | undefined
}

/** What a claim got; `dead`: the owner is unknown or its lease ended, and nothing was claimed. */
export interface ClaimReply extends Tick {
  readonly status: 'ok' | 'dead'
  readonly runs: readonly ClaimedRun[]
}

/** Filters of `find`; all given ones must match. */
export interface RunQuery {
  readonly job?: string | undefined
  readonly key?: string | undefined
  readonly states?: readonly RunState[] | undefined
  readonly schedule?: string | undefined
  readonly createdBefore?: number | undefined
  readonly createdAfter?: number | undefined
  /** Ids sort by creation: continue a newest-first page after this one. */
  readonly after?: string | undefined
  /** 1 to 1,000. */
  readonly limit: number
}

/** Retention of one job, per (job, key): a record is pruned when it is not among the newest N of its kind, or older than `forMs`. */
export interface KeepRule {
  readonly job: string
  /** Succeeded, cancelled and skipped runs, and skip ranges, each kind. */
  readonly succeeded: number
  readonly dead: number
  readonly forMs: number
}

/** What pruning is asked for. */
export interface PruneRequest extends AtStoreTime {
  readonly rules: readonly KeepRule[]
  /** Most records deleted by this call. */
  readonly limit: number
  /**
   * While the request for a run may be repeated, the run itself is all that tells that it was there: pruning by count stops,
   * per (job, key) and state, oldest first, at a run that records no slot and finished less than this ago, unless there are
   * more than {@link MAX_SPARED} from it on beyond what the rule keeps. `more` does not tell of them. By age they go. Default 0.
   */
  readonly graceMs?: number | undefined
}

/** How many runs of one (job, key) and state pruning may spare beyond what the rule keeps, whatever the grace. */
export const MAX_SPARED = 1_000

/** What health needs to know of a job, from what the store keeps. */
export interface JobStats {
  readonly job: string
  /** Of its definition; 0 for a job without one. */
  readonly generation: number
  readonly pending: number
  readonly waiting: number
  readonly running: number
  /** Oldest `runAt` of a due pending run. */
  readonly oldestDueAt: number | null
  /** Earliest `nextSlot` among its unsuspended schedules. */
  readonly nextSlot: number | null
  /** Earliest `nextDueAt` that is overdue. */
  readonly overdueSince: number | null
  /** A store may stop counting at 1,000. */
  readonly schedules: number
  readonly lastRun: RunRecord | null
  /** A run that its handler skipped counts: there was nothing to do. */
  readonly lastSuccess: RunRecord | null
  readonly lastFailure: RunRecord | null
  readonly failuresInARow: number
  /** Newest first, at most 100, of finished attempts that are still kept. */
  readonly recent: readonly { readonly outcome: AttemptOutcome; readonly latenessMs: number; readonly durationMs: number }[]
  /** Live owners that know the job. */
  readonly capableOwners: number
  /** Of the job itself; its schedules may be suspended one by one beside that. */
  readonly suspended: Suspension | null
  /** End of the job's last suspension that is over, as far as it is remembered. */
  readonly resumedAt: number | null
  /** The earliest `createdAt` of its static schedules; null for a job without any. */
  readonly registeredAt: number | null
  /** Names of its static schedules, sorted; a store may stop at 1,000. */
  readonly statics: readonly string[]
  /** Static schedules without a slot to come, of which none was ever accounted for; by name, and without quarantined ones. */
  readonly unfired: readonly { readonly name: string; readonly spec: string }[]
}

/** State of a gate, for audits. `holders` is how many runs and leases really hold it. */
export interface GateRecord {
  readonly gate: string
  readonly limit: number
  readonly held: number
  readonly holders: number
  readonly waiting: number
}

/** Enqueue, claim, renew, settle, and the history of runs. */
export interface RunStore {
  /** One write for all; each request is atomic by itself. `tx` is the store's own kind of open transaction. */
  enqueue(
    request: {
      readonly requests: readonly EnqueueRequest[]
      readonly claim?: ClaimAtOnce | undefined
      readonly tx?: unknown
    } & AtStoreTime,
  ): Promise<{ readonly replies: readonly EnqueueReply[] } & Tick>

  /**
   * Takes due pending runs of the owner's jobs: within job, key and mutex gates and rate limits;
   * by priority, then `runAt`; fair between jobs. A run that finds a gate full becomes `waiting`, or
   * `skipped(overlap)` if it is a slot run with overlap `skip` that was never claimed before (its
   * `fence` is 0) and the gate of its key is full. A suspect is taken only while the owner holds no other suspect. Takes over what expired owners left first.
   */
  claim(request: ClaimRequest): Promise<ClaimReply>

  /** Creates the owner, or prolongs its lease; see {@link RenewReply}. */
  renew(request: RenewRequest): Promise<RenewReply>

  /**
   * Ends an owner cleanly: its runs go back to pending without burning an attempt, its gates are released. It never comes
   * back, not even if the store did not know it: a renewal that arrives later is answered `dead`.
   */
  leave(request: { readonly owner: string } & AtStoreTime): Promise<{ readonly released: number }>

  /** What the store has leased to an owner: how a process finds claims whose reply it never saw. */
  held(request: { readonly owner: string }): Promise<{ readonly runs: readonly RunRecord[] }>

  settle(
    request: { readonly owner: string; readonly settlements: readonly Settlement[] } & AtStoreTime,
  ): Promise<{ readonly replies: readonly SettleReply[] } & Tick>

  /** Frees gates that a settlement with `holdGates` left held. */
  releaseGates(
    request: { readonly owner: string; readonly runs: readonly { readonly runId: string; readonly fence: number }[] } & AtStoreTime,
  ): Promise<void>

  get(request: { readonly ids: readonly string[] }): Promise<{ readonly runs: readonly (RunRecord | null)[] }>

  /** Newest first. */
  find(request: RunQuery): Promise<{ readonly runs: readonly RunRecord[] }>

  /** Pending and waiting runs are cancelled at once; running ones get a cancel request. */
  cancel(request: { readonly runs: readonly { readonly id: string; readonly reason: string }[] } & AtStoreTime): Promise<{
    readonly replies: readonly ('cancelled' | 'requested' | 'terminal' | 'unknown')[]
  }>

  /** All that health asks of jobs, in one round trip; it costs what is unfinished and a bounded look at history, not what is stored. */
  stats(
    request: { readonly jobs: readonly string[] } & AtStoreTime,
  ): Promise<{ readonly storeNow: number; readonly jobs: readonly JobStats[]; readonly owners: number }>

  /** Deletes history beyond the rules, at most `limit` records; folds ledger records into their schedule's counters in the same write. */
  prune(request: PruneRequest): Promise<{ readonly pruned: number; readonly more: boolean }>

  /** Gates by name, or every gate that is held or waited at. */
  gates(request: { readonly names?: readonly string[] | undefined }): Promise<{ readonly gates: readonly GateRecord[] }>
}
