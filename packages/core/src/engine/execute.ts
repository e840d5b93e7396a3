/** One run, from its permit to its settlement. */
import { LeaseLostError, StaleLeaseError } from '../errors/run-errors.ts'
import type { RunContext, RunScheduler } from '../job/job.ts'
import type { Emitter } from '../observe/emitter.ts'
import type { Logger } from '../observe/logger.ts'
import { readTrace } from '../observe/trace-context.ts'
import type { RunRecord } from '../store/records.ts'
import type { RunCommit } from '../store/run-commit.ts'
import type { EnqueueRequest, Settlement, SettleReply } from '../store/runs.ts'
import { sleep, type Clock } from '../time/clock.ts'
import { classifyEnding, type Ending, type Verdict } from './classify-ending.ts'
import type { Execution, Holdings } from './holdings.ts'
import type { ReportLoss } from './loss-log.ts'
import { buildContext, readPayload } from './run-context.ts'
import { describe, reportSettled, runFields } from './run-events.ts'
import { runHandler } from './run-handler.ts'
import type { Settler } from './settler.ts'
import { storeBackoff } from './retry-store.ts'
import { isTransient } from '../store/reach-store.ts'
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
  /** The lease of this owner is still ours. */
  readonly isOwner: (owner: string) => boolean
  /** Runs that waited for gates may go on. */
  readonly onGatesFree: () => void
  /** Runs that come after a success of this one. */
  readonly followers: (run: RunRecord) => readonly EnqueueRequest[]
  readonly schedulerOf: (run: RunRecord) => RunScheduler
  readonly onSettled: (execution: Execution, verdict: Verdict, reply: SettleReply) => void
  readonly onStale: () => void
  readonly reportLoss: ReportLoss
}

/** Executes a claimed run; resolves when its permit is free again. Never rejects. */
export async function execute(execution: Execution, deps: ExecuteDeps): Promise<void> {
  if (execution.dropped) return
  begin(execution, deps)
  const handler = runHandler(() => invokeJob(execution, deps), {
    clock: deps.clock,
    abort: execution.abort,
    timeoutMs: execution.policy.timeoutMs,
    graceMs: deps.abortGraceMs,
    what: () => describe(execution),
  })
  const ending = await handler.ending
  const verdict = judge(execution, ending, deps)
  const holdsOn = ending.kind === 'stuck' && execution.policy.onStuck === 'hold'
  execution.stuck = holdsOn
  // Deliberately not awaited: the permit is free while the batch is under way; the lease is not.
  const settled = settle(execution, ending, verdict, holdsOn, deps)
  if (ending.kind !== 'stuck') return
  deps.emitter.emit('run.stuck', runFields(execution, deps.link.clock.now()))
  if (holdsOn) await letGo(execution, Promise.all([handler.returned(), settled]), deps)
}

function begin(execution: Execution, deps: ExecuteDeps): void {
  const now = deps.link.clock.now()
  execution.phase = 'started'
  execution.startedAt = now
  // Held ready past the end of trust: begin aborted, so that the handler is told at once.
  if (!deps.isTrusted()) execution.abort.abort(new LeaseLostError(describe(execution)))
  if (!deps.emitter.hears('run.started')) return
  const latenessMs = Math.max(0, Math.round(now - execution.record.runAt))
  deps.emitter.emit('run.started', { ...runFields(execution, now), latenessMs, trace: readTrace(execution.record.trace) })
}

async function invokeJob(execution: Execution, deps: ExecuteDeps): Promise<unknown> {
  execution.abort.throwIfAborted()
  // Awaited whatever it is: a handler begins in a step of its own, so that what it enters there (`enterWith`) is not the next run's.
  const payload = await readPayload(execution)
  // A schema may take its time.
  execution.abort.throwIfAborted()
  const ctx = buildContext(payload, execution, {
    logger: deps.logger,
    reportLoss: deps.reportLoss,
    schedulerOf: deps.schedulerOf,
    commit: (value) => commitFor(execution, value, deps),
  })
  const { policy } = execution
  if (deps.around === null) return policy.run(ctx as RunContext<never>)
  return deps.around(ctx, async () => policy.run(ctx as RunContext<never>))
}

/** The success that a handler commits by itself: the very settlement that the engine will repeat. */
function commitFor(execution: Execution, value: unknown, deps: ExecuteDeps): RunCommit {
  const settlement = settlementOf(execution, judge(execution, { kind: 'returned', value }, deps), deps)
  return {
    owner: execution.owner,
    settlement,
    committed() {
      execution.committed = settlement
    },
  }
}

function settlementOf(execution: Execution, { outcome, error, then }: Verdict, deps: ExecuteDeps): Settlement {
  const { record, startedAt, progress } = execution
  return {
    runId: record.id,
    fence: record.fence,
    outcome,
    startedAt: startedAt === null ? null : Math.round(startedAt),
    error,
    ...(progress === null ? {} : { progress }),
    then,
    enqueue: then.to === 'succeeded' ? deps.followers(record) : undefined,
  }
}

function judge(execution: Execution, ending: Ending, deps: ExecuteDeps): Verdict {
  const { policy, record, abort } = execution
  const facts = { ending, abortReason: abort.reason, policy, record, limits: deps.limits }
  try {
    const verdict = classifyEnding(facts, deps.random)
    if (verdict.loss !== undefined) deps.reportLoss(execution, `result ${verdict.loss}`)
    return verdict
  } catch (error) {
    // What was thrown cannot even be looked at (a revoked proxy): the run fails all the same.
    return classifyEnding({ ...facts, ending: { kind: 'threw', error } }, deps.random)
  }
}

async function settle(execution: Execution, ending: Ending, verdict: Verdict, holdGates: boolean, deps: ExecuteDeps): Promise<void> {
  const { record } = execution
  const now = deps.link.clock.now()
  execution.phase = 'settling'
  deps.holdings.observe(now - (execution.startedAt ?? now))
  try {
    const settlement = execution.committed ?? settlementOf(execution, verdict, deps)
    const { reply, written } = await deps.settler.settle(holdGates ? { ...settlement, holdGates } : settlement)
    if (reply.status === 'stale') reportStale(execution, deps)
    else {
      reportSettled(deps, execution, written, now, ending.kind === 'returned' ? ending.value : undefined)
      deps.onSettled(execution, written, reply)
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
  for (let attempt = 1; ; attempt++) {
    try {
      await deps.link.call('runs.releaseGates', (store) =>
        store.runs.releaseGates({ owner: execution.owner, runs: [{ runId, fence }] }).then(() => ({})),
      )
      return deps.onGatesFree()
    } catch (error) {
      deps.logger.warn(
        { err: error, runId },
        `the gates of ${describe(execution)} could not be released; they are freed at the latest with its lease`,
      )
      // The lease of this process goes on and on: until the store has heard of it, nobody else gets these gates.
      if (!isTransient(error)) return
      await sleep(deps.clock, storeBackoff(attempt, deps.random))
      if (!deps.isOwner(execution.owner)) return
    }
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
