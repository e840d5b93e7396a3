/** What a sequence of deeds has to refer to: learned from the replies of the reference alone. */
import type {
  ClaimedWindow,
  EnqueueRequest,
  Firing,
  HeldLease,
  MarkedSource,
  RunRecord,
  Settlement,
  Store,
  WindowClaim,
  WindowCommit,
} from '@quarterjack/core/store'

export const JOBS = ['mail', 'report', 'sync'] as const
/** Of no definition until a job is renamed to it. */
export const OTHER_NAME = 'renamed'
export const KEYS = ['k', 'l', 'm'] as const
/** Of schedules: static ones begin with `#`. */
export const SCHEDULES = ['k', 'l', '#0', '#1'] as const
export const MUTEXES = ['x', 'y'] as const
export const HOLDERS = ['h', 'i', 'j'] as const
export const OWNERS = ['a', 'b', 'c'] as const
export const LEASE_MS = 5_000
export const ROLLUPS = ['hourly', 'daily'] as const
export const SOURCES = ['calls', 'ä/t', 'rollup:hourly'] as const

/** A run as somebody holds it, or once did. */
export type Claimed = Pick<RunRecord, 'id' | 'fence' | 'owner' | 'startedAt'>

/** What was collected of a source: tokens are each store's own, so they are known by the collection's number. */
export interface Collected {
  readonly collection: number
  readonly source: Omit<MarkedSource, 'token'>
}

/** Windows as a run took them. */
export type ClaimedWindows = Omit<WindowClaim, 'windows'> & { readonly windows: readonly ClaimedWindow[] }

export interface World {
  now: number
  hasGoneBack: boolean
  /** Makes ids that sort by creation. */
  ids: number
  readonly runIds: string[]
  /** Claimed, and not settled yet as far as is known here. */
  readonly claimed: Claimed[]
  /** Settled with their gates held. */
  readonly stuck: Claimed[]
  /** The present owner id of each process, and those before. */
  readonly owners: Map<string, string>
  readonly formerOwners: string[]
  readonly leases: HeldLease[]
  /** Sent before, to be sent again. */
  readonly requests: EnqueueRequest[]
  readonly firings: Firing[]
  readonly settlements: { readonly owner: string; readonly settlement: Settlement }[]
  collections: number
  readonly collected: Collected[]
  readonly windowClaims: ClaimedWindows[]
  readonly commits: WindowCommit[]
  readonly backfills: string[]
  /** The reference, and the store that is compared with it. */
  readonly stores: readonly [Store, Store]
}

export function createWorld(now: number, stores: World['stores']): World {
  return {
    now,
    hasGoneBack: false,
    ids: 0,
    runIds: [],
    claimed: [],
    stuck: [],
    owners: new Map(OWNERS.map((name) => [name, name])),
    formerOwners: [],
    leases: [],
    requests: [],
    firings: [],
    settlements: [],
    collections: 0,
    collected: [],
    windowClaims: [],
    commits: [],
    backfills: [],
    stores,
  }
}

export function nextId(world: World): string {
  return `run-${String(world.ids++).padStart(6, '0')}`
}

/** One of a list that may be shorter than `place`; none of an empty one. Counted from the newest. */
export function pickOf<T>(list: readonly T[], place: number): T | undefined {
  return list.length === 0 ? undefined : list[list.length - 1 - (place % list.length)]
}

export function takeOf<T>(list: T[], place: number): T | undefined {
  return list.length === 0 ? undefined : list.splice(list.length - 1 - (place % list.length), 1)[0]
}
