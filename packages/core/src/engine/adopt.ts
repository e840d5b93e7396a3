/** Takes claimed runs in: into the holdings and into the line for a permit. */
import type { ClaimedRun } from '../store/claim-at-once.ts'
import type { LimitFunction } from 'p-limit'
import type { JobPolicy } from '../job/job.ts'
import type { Logger } from '../observe/logger.ts'
import type { Clock } from '../time/clock.ts'
import type { Execution, Holdings } from './holdings.ts'
import { RunAbort } from './run-abort.ts'
import type { Settler } from './settler.ts'

export interface AdoptDeps {
  readonly clock: Clock
  readonly logger: Logger
  readonly policies: ReadonlyMap<string, JobPolicy>
  readonly holdings: Holdings
  readonly settler: Settler
  readonly permits: LimitFunction
  readonly line: Line
  readonly execute: (execution: Execution) => Promise<void>
  /** After an execution gave its permit back. */
  readonly onFree: () => void
}

/** How many runs that were taken in wait for a permit. */
export interface Line {
  waiting: number
}

/** So many runs keep the thread busy for a while: they begin when the next claim is on its way, which some clients send one turn later. */
const MANY = 20

/** Everything claimed by `owner`, in order. */
export function adopt(runs: readonly ClaimedRun[], owner: string, deps: AdoptDeps): void {
  const executions = takeIn(runs, owner, deps)
  const begin = (): void => queueUp(executions, deps)
  if (executions.length < MANY) begin()
  else deps.clock.defer(() => deps.clock.defer(begin))
}

function takeIn(runs: readonly ClaimedRun[], owner: string, deps: AdoptDeps): readonly Execution[] {
  const executions: Execution[] = []
  const claimedAt = deps.clock.monotonic()
  for (const { record, started } of runs) {
    const policy = deps.policies.get(record.job)
    if (policy === undefined) {
      // Cannot happen with a correct store; the run must not be lost for it.
      void giveBack(record.id, record.fence, deps)
      continue
    }
    const execution: Execution = {
      record,
      policy,
      owner,
      abort: new RunAbort(),
      claimedAt,
      phase: 'queued',
      startedAt: null,
      startKnown: started,
      committed: null,
      progress: null,
      dropped: false,
      stuck: false,
    }
    deps.holdings.add(execution)
    executions.push(execution)
  }
  return executions
}

/** A permit serves one run of the lot after the other: what begins and ends soon takes longer to get a permit than to run. */
function queueUp(executions: readonly Execution[], deps: AdoptDeps): void {
  // Emptied as it is served, so that what is over is not kept for what goes on.
  const lot = executions.toReversed()
  deps.line.waiting += lot.length
  const most = Math.min(lot.length, deps.permits.concurrency)
  for (let permit = 0; permit < most; permit++) void deps.permits(() => serve(lot, deps))
}

async function serve(lot: Execution[], deps: AdoptDeps): Promise<void> {
  for (let execution = lot.pop(); execution !== undefined; execution = lot.pop()) {
    deps.line.waiting--
    try {
      await deps.execute(execution)
    } catch (error) {
      deps.logger.error({ err: error, runId: execution.record.id }, 'an execution failed outside its handler')
    }
    deps.onFree()
  }
}

/** Gives a run back that has not begun: it is pending again, without an attempt. */
export function drop(execution: Execution, deps: Pick<AdoptDeps, 'holdings' | 'settler' | 'logger'>): Promise<void> {
  execution.dropped = true
  deps.holdings.remove(execution)
  return giveBack(execution.record.id, execution.record.fence, deps)
}

/** Settles a run as released; a store that cannot be reached leaves it to the lease. */
export async function giveBack(runId: string, fence: number, deps: Pick<AdoptDeps, 'settler' | 'logger'>): Promise<void> {
  try {
    await deps.settler.settle({ runId, fence, outcome: 'released', startedAt: null, error: null, then: { to: 'released' } })
  } catch (error) {
    deps.logger.warn({ err: error, runId }, 'a run was not given back: its lease has to end')
  }
}
