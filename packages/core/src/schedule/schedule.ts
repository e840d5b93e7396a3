/** What a schedule is, as users make it (`cron`, `every`, `at`) and as stores keep it. */
import type { Duration } from '../time/duration.ts'
import type { Instant } from '../time/instant.ts'

/** A half-open range of instants that a schedule leaves out. */
export interface ExcludedRange {
  readonly from: Instant
  readonly to: Instant
}

/** A local calendar day (`'2026-12-25'`, in the schedule's zone), a range, or a function that answers true for slots to leave out. */
export type Exclusion = `${number}-${number}-${number}` | ExcludedRange | ((slot: Date) => boolean)

/** Options that every kind of schedule takes. `P` is the payload of the job it belongs to. */
export interface ScheduleOptions<P = unknown> {
  /** Tells apart several schedules of one job, and is the key of their runs. Default: position, and the key `''`. */
  readonly key?: string | undefined
  /** Payload of the runs it fires; required when the job's schema needs one. */
  readonly payload?: P | undefined
  /** No slot before this instant (inclusive). */
  readonly start?: Instant | undefined
  /** No slot after this instant (inclusive). */
  readonly end?: Instant | undefined
  /** Slots to leave out; each is recorded as skipped (`excluded`). */
  readonly exclude?: readonly Exclusion[] | undefined
  /** Up to this much is added to each slot's due instant: the same on every node, and never past the next slot. At most the longest time between two slots. */
  readonly jitter?: Duration | undefined
  /** IANA name. Default `'UTC'`. For `every` and `at` it only gives excluded days their meaning. */
  readonly timeZone?: string | undefined
}

/**
 * The serialised form, the only one that slots are computed from: plain JSON, sorted keys, no functions.
 * Two nodes that hold the same text compute the same slots.
 */
export type ScheduleSpec = CronSpec | EverySpec | AtSpec

interface SpecBase {
  /** Inclusive bounds, epoch ms. */
  readonly startAt?: number
  readonly endAt?: number
  readonly excludeDays?: readonly string[]
  readonly excludeRanges?: readonly (readonly [fromAt: number, toAt: number])[]
  readonly jitterMs?: number
  /** Each slot is due so long after itself: the grace of a rollup's windows. */
  readonly delayMs?: number
  readonly timeZone?: string
}

export interface CronSpec extends SpecBase {
  readonly kind: 'cron'
  /** Normalised: nicknames and `H` resolved, six fields. */
  readonly expression: string
}

export interface EverySpec extends SpecBase {
  readonly kind: 'every'
  readonly everyMs: number
  /** Slots are `anchorAt + k × everyMs`. `'registration'` until a store resolves it. */
  readonly anchorAt: number | 'registration'
  /** Rounds a registration anchor down to a multiple of this. */
  readonly alignMs?: number
  /** The anchor is that of the first registration; later ones keep it. */
  readonly registered?: true
}

export interface AtSpec extends SpecBase {
  readonly kind: 'at'
  readonly at: number
}

/** A spec whose slots can be computed: its registration anchor, if any, is known. Stores keep only these. */
export type ResolvedSpec = CronSpec | (EverySpec & { readonly anchorAt: number }) | AtSpec

/** Calendar functions of a schedule. One that throws, or answers anything but true, leaves nothing out. */
export type ExcludeFunctions = readonly ((slot: Date) => boolean)[]

/** A payload as it was written, literals and all, without the `readonly` that inferring them brings. */
export type Written<P> = 0 extends 1 & P
  ? P
  : P extends Primitive | ((...args: never) => unknown)
    ? P
    : P extends object
      ? { -readonly [K in keyof P]: Written<P[K]> }
      : P

type Primitive = string | number | boolean | bigint | symbol | null | undefined

/** A schedule as `cron()`, `every()` and `at()` return it: frozen, validated. */
export interface Schedule<P = unknown> {
  readonly spec: ScheduleSpec
  /** Calendar functions, which cannot be serialised: asked on the node that fires. */
  readonly excludes: ExcludeFunctions
  readonly key: string | undefined
  readonly payload: P | undefined
}
