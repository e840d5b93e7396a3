/** One run, from its permit to its settlement. */
import { LeaseLostError, StaleLeaseError } from '../errors/run-errors.ts'
import type { RunContext } from '../job/job.ts'
import type { Emitter } from '../observe/emitter.ts'
import type { Logger } from '../observe/logger.ts'
import type { EnqueueRequest, SettleReply } from '../store/runs.ts'
import type { Clock } from '../time/clock.ts'
import { classifyEnding, type Ending, type Verdict } from './classify-ending.ts'
import type { Execution, Holdings } from './holdings.ts'
import { buildContext } from './run-context.ts'
import { describe, reportSettled, runFields } from './run-events.ts'
import { runHandler } from './run-handler.ts'
import type { Settler } from './settler.ts'
import type { StoreLink } from './store-link.ts'

export interface ExecuteDeps {
  readonly clock: Clock
  readonly link: StoreLink
  readonly random: () => number
  readonly emitter: Emitter
  readonly logger: Logger
  readonly holdings: Holdings
  readonly settler: Settler
  readonly abortGraceMs: number
  readonly limits: { readonly result: number; readonly error: number }
  readonly around: ((ctx: RunContext, next: () => Promise<unknown>) => Promise<unknown>) | null
  readonly isTrusted: () => boolean
  /** Runs that come after a success of this job. */
  readonly followers: (job: string) => readonly EnqueueRequest[]
  readonly onSettled: (execution: Execution, verdict: Verdict, reply: SettleReply) => void
  readonly onStale: () => void
}

/** Executes a claimed run; resolves when its permit is free again. Never rejects. */
export async function execute(execution: Execution, deps: ExecuteDeps): Promise<void> {
  if (execution.dropped) return
  begin(execution, deps)
  const handler = runHandler(() => invokeJob(execution, deps), {
    clock: deps.clock,
    controller: execution.controller,
    timeoutMs: execution.policy.timeoutMs,
    graceMs: deps.abortGraceMs,
    what: describe(execution),
  })
  const ending = await handler.ending
  const verdict = classifyEnding(
    {
      ending,
      abortReason: execution.controller.signal.aborted ? execution.controller.signal.reason : null,
      policy: execution.policy,
      record: execution.record,
      limits: deps.limits,
    },
    deps.random,
  )
  const holdsOn = ending.kind === 'stuck' && execution.policy.onStuck === 'hold'
  execution.stuck = holdsOn
  // Deliberately not awaited: the permit is free while the batch is under way; the lease is not.
  const settled = settle(execution, ending, verdict, holdsOn, deps)
  if (ending.kind !== 'stuck') return
  deps.emitter.emit('run.stuck', runFields(execution, deps.link.clock.now()))
  if (holdsOn) await letGo(execution, Promise.all([handler.returned, settled]), deps)
}

function begin(execution: Execution, deps: ExecuteDeps): void {
  const now = deps.link.clock.now()
  execution.phase = 'started'
  execution.startedAt = now
  // Held ready past the end of trust: begin aborted, so that the handler is told at once.
  if (!deps.isTrusted()) execution.controller.abort(new LeaseLostError(describe(execution)))
  const latenessMs = Math.max(0, Math.round(now - execution.record.runAt))
  deps.emitter.emit('run.started', { ...runFields(execution, now), latenessMs })
}

async function invokeJob(execution: Execution, deps: ExecuteDeps): Promise<unknown> {
  execution.controller.signal.throwIfAborted()
  const ctx = await buildContext(execution, deps.logger)
  const run = async (): Promise<unknown> => execution.policy.run(ctx as RunContext<never>)
  return deps.around === null ? run() : deps.around(ctx, run)
}

async function settle(execution: Execution, ending: Ending, verdict: Verdict, holdGates: boolean, deps: ExecuteDeps): Promise<void> {
  const { record } = execution
  const now = deps.link.clock.now()
  execution.phase = 'settling'
  deps.holdings.observe(now - (execution.startedAt ?? now))
  try {
    const reply = await deps.settler.settle({
      runId: record.id,
      fence: record.fence,
      outcome: verdict.outcome,
      startedAt: execution.startedAt === null ? null : Math.round(execution.startedAt),
      error: verdict.error,
      ...(execution.progress === null ? {} : { progress: execution.progress }),
      then: verdict.then,
      enqueue: verdict.then.to === 'succeeded' ? deps.followers(record.job) : undefined,
      holdGates,
    })
    if (reply.status === 'stale') reportStale(execution, deps)
    else {
      reportSettled(deps, execution, verdict, now, ending.kind === 'returned' ? ending.value : undefined)
      deps.onSettled(execution, verdict, reply)
    }
  } catch (error) {
    deps.logger.error(
      { err: error, job: record.job, runId: record.id },
      `${describe(execution)} could not be settled; it is left to the end of its lease`,
    )
  } finally {
    if (holdGates) {
      execution.phase = 'stuck'
      deps.holdings.changed()
    } else deps.holdings.remove(execution)
  }
}

/** The handler still executes: keep the permit and the gates until it returns. */
async function letGo(execution: Execution, over: Promise<unknown>, deps: ExecuteDeps): Promise<void> {
  await over
  deps.holdings.remove(execution)
  const { id: runId, fence } = execution.record
  try {
    await deps.link.call('runs.releaseGates', (store) =>
      store.runs.releaseGates({ owner: execution.owner, runs: [{ runId, fence }] }).then(() => ({})),
    )
  } catch (error) {
    deps.logger.warn(
      { err: error, runId },
      `the gates of ${describe(execution)} could not be released; they are freed with this process's lease`,
    )
  }
}

function reportStale(execution: Execution, deps: ExecuteDeps): void {
  deps.onStale()
  deps.emitter.emit('run.stale', runFields(execution, deps.link.clock.now()))
  deps.logger.warn(
    { job: execution.record.job, runId: execution.record.id },
    new StaleLeaseError(`The settlement of ${describe(execution)}`).message,
  )
}
