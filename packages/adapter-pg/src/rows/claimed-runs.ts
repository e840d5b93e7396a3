/** Claimed runs as the functions of the schema send them: some lots, each with one array per field. */
import type { ClaimedRun, RunRecord } from '@quarterjack/core/store'
import { type AttemptRow, toAttempt } from './run-row.ts'

/** Runs that were claimed by one statement, in the order of the claim. Columns that may be absent are so where each run is like most. */
export interface ClaimedLot {
  /** Of all, where `jobs` is absent. */
  readonly job?: string
  readonly jobs?: readonly string[]
  readonly ids: readonly string[]
  readonly keys?: readonly string[]
  readonly kinds?: readonly RunRecord['trigger'][]
  readonly schedules?: readonly (string | null)[]
  readonly slots?: readonly (number | null)[]
  readonly payloads: readonly (string | null)[]
  readonly priorities?: readonly number[]
  readonly runAts: readonly number[]
  readonly createdAts: readonly number[]
  readonly overlaps?: readonly RunRecord['overlap'][]
  readonly attempts?: readonly number[]
  readonly fences: readonly number[]
  /** How many triggers each run stands for. */
  readonly counts?: readonly number[]
  /** Null for a first attempt of which there is nothing else to say. */
  readonly rests?: readonly (ClaimedRest | null)[]
  /** So many, from the first, begin at once, at this instant. */
  readonly began: number
  readonly startedAt: number
}

type ClaimedRest = readonly [
  gates: readonly string[],
  failures: number,
  crashes: number,
  suspect: boolean,
  merging: readonly string[] | null,
  cancelRequested: string | null,
  progress: string | null,
  error: RunRecord['error'],
  attempts: readonly AttemptRow[],
  replayOf: string | null,
  trace: string | null,
]

const FIRST_ATTEMPT: ClaimedRest = [[], 0, 0, false, null, null, null, null, [], null, null]

/** What `owner` holds now. */
export function toClaimedRuns(lots: readonly ClaimedLot[] | null, owner: string): readonly ClaimedRun[] {
  return (lots ?? []).flatMap((lot) => lot.ids.map((_, index) => toClaimedRun(lot, index, owner)))
}

function toClaimedRun(lot: ClaimedLot, index: number, owner: string): ClaimedRun {
  const rest = lot.rests?.[index] ?? FIRST_ATTEMPT
  const started = index < lot.began
  return {
    record: {
      id: at(lot.ids, index),
      job: atOr(lot.jobs, index, lot.job ?? ''),
      key: atOr(lot.keys, index, ''),
      state: 'running',
      trigger: atOr(lot.kinds, index, 'manual'),
      schedule: atOr(lot.schedules, index, null),
      slot: atOr(lot.slots, index, null),
      payload: at(lot.payloads, index),
      merging: rest[4],
      priority: atOr(lot.priorities, index, 0),
      runAt: at(lot.runAts, index),
      createdAt: at(lot.createdAts, index),
      startedAt: started ? lot.startedAt : null,
      finishedAt: null,
      overlap: atOr(lot.overlaps, index, 'allow'),
      gates: rest[0],
      attempt: atOr(lot.attempts, index, 1),
      failures: rest[1],
      crashes: rest[2],
      suspect: rest[3],
      owner,
      fence: at(lot.fences, index),
      open: false,
      triggers: atOr(lot.counts, index, 1),
      cancelRequested: rest[5],
      reason: null,
      progress: rest[6],
      result: null,
      error: rest[7],
      attempts: rest[8].length === 0 ? [] : rest[8].map(toAttempt),
      replayOf: rest[9],
      trace: rest[10],
    },
    started,
  }
}

/** The arrays of a lot have one length. */
function at<T>(column: readonly T[], index: number): T {
  return column[index] as T
}

function atOr<T>(column: readonly T[] | undefined, index: number, otherwise: T): T {
  return column === undefined ? otherwise : at(column, index)
}
