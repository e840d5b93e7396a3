/** Enqueueing: requests become runs, or join one (engine rules 21, 24). */
import type { ClaimAtOnce } from '../store/claim-at-once.ts'
import type { EnqueueReply, EnqueueRequest } from '../store/runs.ts'
import type { Tick } from '../store/tick.ts'
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { claimAtOnce, openClaim, type Claiming } from './claim.ts'
import { debounce } from './debounce.ts'
import { finishStanding } from './finish.ts'
import { obtainJob } from './job-rows.ts'
import type { JobRow, RunRow } from './rows.ts'
import { placeRun } from './run-index.ts'
import { createRun, type NewRun } from './run-rows.ts'
import { begin, type MemoryState } from './state.ts'
import { tickFor } from './tick.ts'

/** The verb. */
export function enqueue(
  state: MemoryState,
  request: {
    readonly requests: readonly EnqueueRequest[]
    readonly claim?: ClaimAtOnce | undefined
    readonly tx?: unknown
    readonly now?: number | undefined
  },
): { replies: EnqueueReply[] } & Tick {
  if (request.tx !== undefined) {
    throw new QuarterjackError(
      'TransactionsUnsupported',
      'enqueue: tx was given, but the memory store has no transactions. Leave it out, or use a store that has them.',
    )
  }
  begin(state, request.now)
  const claiming = request.claim === undefined ? null : openClaim(state, request.claim)
  const replies = request.requests.map((one) => enqueueOne(state, one, claiming))
  return { replies, ...tickFor(state, claiming?.owner ?? null) }
}

/** One request, whole. */
export function enqueueOne(state: MemoryState, request: EnqueueRequest, claiming: Claiming | null): EnqueueReply {
  const job = obtainJob(state, request.job)
  const before = findAnswer(state, job, request)
  if (before !== null) return before
  const reply = answer(state, job, request, claiming)
  const { idempotency } = request
  if (idempotency !== undefined)
    job.idempotency.set(idempotency.key, reply.id, { expiresAt: state.now + idempotency.ttlMs, now: state.now })
  return reply
}

/** The request was here before: itself, or another with its idempotency key. */
function findAnswer(state: MemoryState, job: JobRow, { id, idempotency }: EnqueueRequest): EnqueueReply | null {
  const own = state.runs.get(id)
  if (own !== undefined) return { outcome: own.state === 'skipped' && own.fence === 0 ? 'skipped' : 'created', id }
  const absorbed = state.absorbed.get(id)
  if (absorbed !== undefined) return { ...absorbed }
  const first = idempotency === undefined ? undefined : job.idempotency.get(idempotency.key, state.now)
  if (first === undefined) return null
  return { outcome: state.runs.has(first.value) ? 'duplicate' : 'pruned', id: first.value }
}

function answer(state: MemoryState, job: JobRow, request: EnqueueRequest, claiming: Claiming | null): EnqueueReply {
  if (request.debounce !== undefined) {
    const verdict = debounce(state, job, request, request.debounce)
    if (verdict.outcome !== 'create') {
      state.absorbed.set(request.id, verdict)
      return { ...verdict }
    }
    return enter(state, createRun(state, job, { ...newRun(request), ...verdict.run }), claiming)
  }
  const runAt = request.runAt ?? state.now + request.delayMs
  const isBusy = request.skipWhenBusy && (job.keys.get(request.key)?.busy ?? 0) > 0
  const row = createRun(state, job, { ...newRun(request), runAt })
  if (!isBusy) return enter(state, row, claiming)
  finishStanding(state, row, 'skip', 'overlap')
  return { outcome: 'skipped', id: row.id }
}

/** Makes a new run claimable, or claims it. */
function enter(state: MemoryState, row: RunRow, claiming: Claiming | null): EnqueueReply {
  const claimed = claimAtOnce(state, row, claiming)
  if (claimed !== null) return { outcome: 'created', id: row.id, claimed }
  placeRun(state, row)
  return { outcome: 'created', id: row.id }
}

function newRun(request: EnqueueRequest): Omit<NewRun, 'runAt'> {
  const { id, trigger, payload, priority, overlap, key, gates, slot, triggers, replayOf, trace } = request
  return { id, trigger, payload, priority, overlap, key, gates, slot, triggers, replayOf, trace }
}
