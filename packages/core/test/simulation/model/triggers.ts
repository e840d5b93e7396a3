/** What became of triggers: as their callers heard it, and as the store recorded it. */
import type { EnqueueReply, EnqueueRequest } from '../../../src/store/runs.ts'
import type { Commit } from '../faulty-store.ts'
import type { History } from '../history.ts'
import type { Execution } from '../oracle.ts'
import type { RunsModel } from './runs.ts'

/** One call of `trigger` that was answered. */
export interface AcceptedTrigger {
  readonly job: string
  readonly key: string
  /** In the payload of jobs that merge. */
  readonly number: number | null
  readonly merges: boolean
  readonly calledSequence: number
  readonly outcome: EnqueueReply['outcome']
  readonly runId: string
}

export interface TriggersModel {
  take(commit: Commit): void
  accepted(trigger: AcceptedTrigger): void
  /** These runs are no longer kept. */
  prune(ids: readonly string[]): void
  check(executions: readonly Execution[]): void
  readonly count: number
}

export function createTriggersModel(deps: { readonly history: History; readonly runs: RunsModel }): TriggersModel {
  const { history, runs } = deps
  const accepted: AcceptedTrigger[] = []
  const seen = new Set<string>()
  /** Requests that made a run which is still kept: it bears their id. */
  const made = new Set<string>()
  const keys = new Map<string, { readonly id: string; readonly storeNow: number; readonly ttlMs: number }>()

  const onEnqueued = (request: EnqueueRequest, reply: EnqueueReply, storeNow: number): void => {
    const what = `trigger ${request.id} of ${request.job}`
    if (request.idempotency !== undefined) judgeIdempotency(request, reply, storeNow, what)
    if (reply.outcome === 'coalesced' && !seen.has(request.id) && (runs.get(reply.id)?.claims.length ?? 0) > 0) {
      history.violate('debounce-one-more', `${what} was taken into run ${reply.id}, which had started`)
    }
    if (reply.outcome === 'created' && reply.id !== request.id)
      history.violate('trigger-answered', `${what} was answered with run ${reply.id}`)
    seen.add(request.id)
    if (reply.id === request.id) made.add(request.id)
  }

  const judgeIdempotency = ({ id, job, idempotency }: EnqueueRequest, reply: EnqueueReply, storeNow: number, what: string): void => {
    // Repeated, it is answered with the run that it made before, whichever run the key belongs to by now.
    if (idempotency === undefined || (reply.id === id && made.has(id))) return
    const key = `${job}/${idempotency.key}`
    const former = keys.get(key)
    if (former !== undefined && storeNow < former.storeNow + former.ttlMs && storeNow >= former.storeNow && former.id !== reply.id) {
      history.violate('idempotency-key', `${what} with key ${key} made ${reply.id} beside ${former.id}`)
    }
    if (former === undefined || former.id !== reply.id) keys.set(key, { id: reply.id, storeNow, ttlMs: idempotency.ttlMs })
  }

  return {
    take({ verb, request, reply, storeNow }) {
      if (verb !== 'runs.enqueue') return
      const { requests } = request as { requests: readonly EnqueueRequest[] }
      ;(reply as { replies: readonly EnqueueReply[] }).replies.forEach((one, index) =>
        onEnqueued(requests[index] as EnqueueRequest, one, storeNow),
      )
    },
    accepted: (trigger) => void accepted.push(trigger),
    prune(ids) {
      for (const id of ids) made.delete(id)
    },
    get count() {
      return accepted.length
    },
    check(executions) {
      const byRun = Map.groupBy(executions, ({ runId }) => runId)
      const byJob = Map.groupBy(executions, ({ job, key }) => `${job}/${key}`)
      for (const trigger of accepted) {
        const { job, key, outcome, runId, number } = trigger
        const what = `trigger ${number ?? ''} of ${job}/${key} (${outcome}, run ${runId})`
        const run = runs.get(runId)
        if (run === undefined) {
          history.violate('trigger-answered', `${what}: the store never had that run`)
          continue
        }
        if (run.terminal === null) history.violate('trigger-answered', `${what}: the run never ended`)
        // A run that was cancelled or skipped before it began has answered its triggers.
        if (
          run.terminal === 'cancelled' ||
          run.terminal === 'skipped' ||
          outcome === 'duplicate' ||
          outcome === 'pruned' ||
          outcome === 'skipped'
        )
          continue
        // Claimed to start at once, it counts as started, even where each time the answer got lost and its owner died.
        if (run.crashed && !byRun.has(runId)) continue
        const started = (byRun.get(runId) ?? []).find((one) => one.sequence > trigger.calledSequence)
        const first = byRun.get(runId)?.[0]
        if (started === undefined || (outcome === 'coalesced' && first !== undefined && first.sequence < trigger.calledSequence)) {
          history.violate('debounce-one-more', `${what}: no run started after it`)
        } else if (trigger.merges && number !== null) {
          const carried = (byJob.get(`${job}/${key}`) ?? []).some((one) => one.numbers.includes(number))
          if (!carried) history.violate('debounce-one-more', `${what}: its payload reached no run`)
        }
      }
    },
  }
}
