/** The ledger of runs against the record of effects. */
import type { Effect } from './effects.ts'
import type { FinishedRun } from './store-look.ts'
import { tellWrongs } from './tell-wrongs.ts'

/** What a fault may leave behind of runs. */
export interface ExpectedRuns {
  /** Runs whose handlers may have run to their end more than once: their process was hurt before that was recorded. Default none. */
  readonly repeated?: readonly string[] | 'any'
  /** Reasons for which runs may have been skipped. Default: overlap. */
  readonly skipped?: readonly string[]
  /** Runs that a caller was promised. */
  readonly promised?: readonly string[]
  /** Runs that the store itself has lost. */
  readonly forgotten?: readonly string[]
  /** What began before may be unknown to the store: it has lost writes. Default: nothing. */
  readonly lostAt?: number
}

/** All that does not fit, in a line each. */
export function judgeRuns(runs: readonly FinishedRun[], effects: readonly Effect[], expected: ExpectedRuns): readonly (string | null)[] {
  const { repeated = [], skipped = ['overlap'], promised = [], forgotten = [], lostAt = 0 } = expected
  const byId = new Map(runs.map((run) => [run.id, run]))
  const isSuccess = (id: string): boolean => byId.get(id)?.state === 'succeeded'
  const returned = effects.filter(({ ending }) => ending === 'returned')
  const accepted = new Set(returned.map(({ runId, fence }) => `${runId}/${fence}`))
  const isExpected = ({ state, reason }: FinishedRun): boolean =>
    state === 'succeeded' || (state === 'skipped' && skipped.includes(reason ?? ''))
  return [
    tellWrongs(
      'runs that ended otherwise',
      runs.filter((run) => !isExpected(run)),
    ),
    tellWrongs(
      'promised runs that are lost',
      promised.filter((id) => !isSuccess(id)),
    ),
    tellWrongs(
      'effects that no run accounts for',
      effects.filter(({ runId, startedAt }) => !isSuccess(runId) && !forgotten.includes(runId) && startedAt > lostAt),
    ),
    tellWrongs(
      'successes without effect',
      runs.filter(({ id, fence }) => isSuccess(id) && !accepted.has(`${id}/${fence}`)),
    ),
    tellWrongs(
      'runs whose handler ended twice',
      repeatedOf(effects).filter(({ runId }) => repeated !== 'any' && !repeated.includes(runId)),
    ),
    tellWrongs('runs whose fence fell', fencesThatFall(effects)),
  ]
}

/** Executions that ended well, and were not the last of their run to do so. */
export function repeatedOf(effects: readonly Effect[]): readonly Effect[] {
  const returned = effects.filter(({ ending }) => ending === 'returned')
  const last = new Map(returned.map((effect) => [effect.runId, effect]))
  return returned.filter((effect) => last.get(effect.runId) !== effect)
}

/** Effects come in the order of their starts. */
function fencesThatFall(effects: readonly Effect[]): readonly string[] {
  const last = new Map<string, number>()
  return effects.flatMap(({ runId, fence }) => {
    const before = last.get(runId) ?? 0
    last.set(runId, fence)
    return before < fence ? [] : [runId]
  })
}
