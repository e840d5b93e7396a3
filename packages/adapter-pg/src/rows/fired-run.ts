/** Runs of firings that were written as running at once: what the store adds, in columns, to what was asked for. */
import type { ClaimedRun, FiredRun, Firing } from '@quarterjack/core/store'

/** Columns are of one length. */
export interface RunningColumns {
  readonly owner: string
  /** The instant of the firing. */
  readonly at: number
  /** The fence of the first turn; each turn adds one. */
  readonly fence: number
  /** Turns that start at once. */
  readonly start: number
  /** Places among all runs that were asked for, from 1. Null columns: none runs. */
  readonly places: readonly number[] | null
  /** In the order of the claim, from 1. */
  readonly turns: readonly number[]
  readonly keys: readonly string[]
  readonly payloads: readonly (string | null)[]
}

/** By id. */
export function readRunning(running: RunningColumns | null, firings: readonly Firing[]): ReadonlyMap<string, ClaimedRun> {
  const claimed = new Map<string, ClaimedRun>()
  if (running === null || running.places === null) return claimed
  const asked = firings.flatMap((firing) => firing.runs.map((run) => ({ firing, run })))
  for (const [index, place] of running.places.entries()) {
    const one = asked[place - 1]
    if (one !== undefined) claimed.set(one.run.id, toClaimedRun(one, running, index))
  }
  return claimed
}

function toClaimedRun(
  { firing, run }: { readonly firing: Firing; readonly run: FiredRun },
  running: RunningColumns,
  index: number,
): ClaimedRun {
  const turn = running.turns[index] ?? 0
  const started = turn <= running.start
  return {
    record: {
      id: run.id,
      job: firing.job,
      key: running.keys[index] ?? '',
      state: 'running',
      trigger: 'schedule',
      schedule: firing.name,
      slot: run.slot,
      payload: running.payloads[index] ?? null,
      merging: null,
      priority: run.priority,
      runAt: run.runAt,
      createdAt: running.at,
      startedAt: started ? running.at : null,
      finishedAt: null,
      overlap: run.overlap,
      gates: [],
      attempt: 1,
      failures: 0,
      crashes: 0,
      suspect: false,
      owner: running.owner,
      fence: running.fence + turn - 1,
      open: false,
      triggers: 1,
      cancelRequested: null,
      reason: null,
      progress: null,
      result: null,
      error: null,
      attempts: [],
      replayOf: null,
      trace: null,
    },
    started,
  }
}
