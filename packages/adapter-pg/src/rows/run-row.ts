/** A run as the functions of the schema send it (`run_row`, `history_row`): an array, in this order. */
import type { AttemptRecord, RunRecord } from '@quarterjack/core/store'

/** The fields of a run by position. */
export type RunRow = readonly [
  id: string,
  job: string,
  key: string,
  trigger: RunRecord['trigger'],
  schedule: string | null,
  slot: number | null,
  payload: string | null,
  priority: number,
  runAt: number,
  createdAt: number,
  startedAt: number | null,
  overlap: RunRecord['overlap'],
  /** Null for none. */
  gates: readonly string[] | null,
  attempt: number,
  /** Empty or null for none. */
  owner: string | null,
  fence: number,
  triggers: number,
  /** Null for a first attempt that runs, and of which there is nothing else to say. */
  rest: RunRest | null,
]

type RunRest = readonly [
  state: RunRecord['state'],
  failures: number,
  crashes: number,
  suspect: boolean,
  open: boolean,
  merging: readonly string[] | null,
  cancelRequested: string | null,
  progress: string | null,
  error: RunRecord['error'],
  attempts: readonly AttemptRow[],
  replayOf: string | null,
  finishedAt: number | null,
  reason: string | null,
  result: string | null,
  trace: string | null,
]

/** An attempt as it is kept: with the instant it was due, which statistics need and the record does not tell. */
export type AttemptRow = AttemptRecord & { readonly runAt: number }

const FIRST_ATTEMPT: RunRest = ['running', 0, 0, false, false, null, null, null, null, [], null, null, null, null, null]

/** The contract's record. */
export function toRunRecord(row: RunRow): RunRecord {
  const rest = row[17] ?? FIRST_ATTEMPT
  return {
    id: row[0],
    job: row[1],
    key: row[2],
    state: rest[0],
    trigger: row[3],
    schedule: row[4],
    slot: row[5],
    payload: row[6],
    merging: rest[5],
    priority: row[7],
    runAt: row[8],
    createdAt: row[9],
    startedAt: row[10],
    finishedAt: rest[11],
    overlap: row[11],
    gates: row[12] ?? [],
    attempt: row[13],
    failures: rest[1],
    crashes: rest[2],
    suspect: rest[3],
    owner: row[14] === '' ? null : row[14],
    fence: row[15],
    open: rest[4],
    triggers: row[16],
    cancelRequested: rest[6],
    reason: rest[12],
    progress: rest[7],
    result: rest[13],
    error: rest[8],
    attempts: rest[9].length === 0 ? [] : rest[9].map(toAttempt),
    replayOf: rest[10],
    trace: rest[14],
  }
}

/** The same, where there may be none. */
export function toRunRecordOrNull(row: RunRow | null): RunRecord | null {
  return row === null ? null : toRunRecord(row)
}

/** Without what the record does not tell. */
export function toAttempt({ runAt: _, ...attempt }: AttemptRow): AttemptRecord {
  return attempt
}
