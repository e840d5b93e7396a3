/** The attempts of a run: how one begins, is taken back, and is recorded. */
import type { AttemptOutcome } from '../run/run-state.ts'
import type { StoredError } from '../errors/stored-error.ts'
import type { OwnerRow, RunRow } from './rows.ts'
import type { MemoryState } from './state.ts'

/** Attempts kept with a run. */
const MOST_ATTEMPTS = 20
/** Attempts kept per job for its statistics. */
const MOST_RECENT = 100

/** The present attempt is known to execute. */
export function startAttempt(state: MemoryState, row: RunRow): void {
  row.started = true
  row.startedAt = state.now
  row.job.lastRun = row
}

/** The present attempt does not count: it never began, or it was given back cleanly. */
export function takeAttemptBack(row: RunRow): void {
  row.attempt--
  row.started = false
  row.startedAt = row.attempts.at(-1)?.startedAt ?? null
}

/** How the present attempt ended. */
export interface AttemptEnd {
  readonly outcome: AttemptOutcome
  readonly startedAt: number
  readonly error: StoredError | null
}

/** Records the present attempt; to be called while the run still has its owner and `runAt`. */
export function recordAttempt(state: MemoryState, row: RunRow, end: AttemptEnd): void {
  const { outcome, startedAt, error } = end
  const owner = (row.owner as OwnerRow).id
  const record = { number: row.attempt, outcome, owner, fence: row.fence, startedAt, finishedAt: state.now, error }
  row.attempts = [...row.attempts.slice(1 - MOST_ATTEMPTS), record]
  row.startedAt = startedAt
  const { recent } = row.job
  recent.push({ run: row, outcome, latenessMs: Math.max(0, startedAt - row.runAt), durationMs: Math.max(0, state.now - startedAt) })
  if (recent.length >= 2 * MOST_RECENT) recent.splice(0, recent.length - MOST_RECENT)
}

/** The newest attempts of a job whose runs are still kept, newest first. */
export function recentAttempts(
  state: MemoryState,
  { recent }: RunRow['job'],
): { outcome: AttemptOutcome; latenessMs: number; durationMs: number }[] {
  return recent
    .slice(-MOST_RECENT)
    .filter(({ run }) => state.runs.get(run.id) === run)
    .reverse()
    .map(({ outcome, latenessMs, durationMs }) => ({ outcome, latenessMs, durationMs }))
}
