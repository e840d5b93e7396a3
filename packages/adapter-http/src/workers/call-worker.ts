/** One call of a worker endpoint: a run, shared with whoever brings the same idempotency key, and how it ended. */
import { type Job, QuarterjackError, type RunHandle, type Scheduler, type TraceContext } from '@quarterjack/core'
import { type Answer, json } from '../endpoint/endpoint.ts'
import { Problem } from '../problem/problem.ts'
import type { WaitTurns } from './wait-turns.ts'

export interface WorkerOrder {
  readonly job: Job<unknown, unknown>
  readonly payload: unknown
  readonly key: string
  readonly idempotencyKey: string | null
  readonly overlap: 'skip' | 'job'
  readonly waitMs: number
  /** Whether the answer has the result of the run. */
  readonly showsResult: boolean
  readonly signal: AbortSignal
  readonly trace: TraceContext
}

export interface WorkerDeps {
  readonly scheduler: Scheduler
  readonly turns: WaitTurns
  /** Makes a pass in this process; null where a process runs the scheduler anyway. */
  readonly pass: (() => Promise<unknown>) | null
}

export async function callWorker(order: WorkerOrder, deps: WorkerDeps): Promise<{ readonly runId: string; readonly answer: Answer }> {
  const handle = await deps.scheduler.trigger(order.job, order.payload, {
    key: order.key,
    // An external cron is a schedule: what was due while a run is alive is skipped, not shared with what debounces.
    debounce: false,
    trace: order.trace,
    ...(order.overlap === 'skip' ? { overlap: 'skip' } : {}),
    ...(order.idempotencyKey === null ? {} : { idempotencyKey: order.idempotencyKey }),
  })
  return { runId: handle.id, answer: await answerOf(handle, order, deps) }
}

async function answerOf(handle: RunHandle, order: WorkerOrder, deps: WorkerDeps): Promise<Answer> {
  const facts = { runId: handle.id, job: order.job.name }
  if (handle.outcome === 'skipped') return json(200, { status: 'skipped', ...facts, reason: 'overlap' })
  if (handle.outcome === 'pruned') return json(200, { status: 'pruned', ...facts })
  const passing = deps.pass?.()
  passing?.catch(() => undefined)
  try {
    const end = await deps.turns.wait(handle, order)
    if (end === null) return json(202, { status: 'accepted', ...facts })
    return json(200, { status: 'succeeded', ...facts, ...(order.showsResult ? { result: end.result } : {}) })
  } catch (error) {
    if (QuarterjackError.isInstance(error, 'RunSkipped'))
      return json(200, { status: 'skipped', ...facts, reason: await reasonOf(handle, deps) })
    if (QuarterjackError.isInstance(error, 'RunCancelled'))
      throw new Problem('Conflict', `Run ${handle.id} was cancelled.`, { code: 'RunCancelled', more: facts })
    // Whoever called must see that it failed; why stands in the run, for those who may read it.
    if (QuarterjackError.isInstance(error, 'RunFailed')) throw new Problem('RunFailed', `Run ${handle.id} is dead.`, { more: facts })
    throw error
  }
}

async function reasonOf(handle: RunHandle, { scheduler }: WorkerDeps): Promise<string> {
  return (await scheduler.runs.get(handle.id))?.reason ?? 'unknown'
}
