/** `scheduler.runs`: look at runs, cancel them, replay them. */
import { checkCount, checkNames, requireNames } from '../errors/check-call.ts'
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { shown } from '../errors/shown.ts'
import type { JobPolicy } from '../job/job.ts'
import { isTerminal, type RunState } from '../run/run-state.ts'
import type { RunRecord } from '../store/records.ts'
import type { EnqueueReply, EnqueueRequest, RunQuery } from '../store/runs.ts'
import type { Store } from '../store/store.ts'
import { toInstant } from '../time/instant.ts'
import { RESERVED_KEY_PREFIX } from '../trigger/build-request.ts'
import { gatesOf } from '../trigger/gates-of.ts'
import { jobName } from './job-ref.ts'
import { oldestFirst, PAGE } from './oldest-first.ts'
import { createRunHandle, type HandleDeps } from './run-handle.ts'
import { viewRun } from './run-view.ts'
import type { RunHandle } from '../job/trigger-options.ts'
import type { RunFilter, Scheduler } from './scheduler.ts'

const STATES: readonly RunState[] = ['pending', 'waiting', 'running', 'succeeded', 'dead', 'cancelled', 'skipped']
const MOST_PER_PAGE = 1_000
const UNFINISHED = STATES.filter((state) => !isTerminal(state))
/** Runs that are replayed side by side. */
const AT_ONCE = 100
const FILTER_NAMES = ['job', 'key', 'createdAfter', 'createdBefore', 'limit'] as const
const BY_REQUEST = 'cancelled by request'

export interface GroupDeps {
  readonly call: <T extends object>(verb: string, run: (store: Store) => Promise<T>) => Promise<T>
  readonly policies: ReadonlyMap<string, JobPolicy>
  readonly nextId: () => string
}

export function createRunsGroup(
  deps: GroupDeps & HandleDeps & { readonly enqueue: (request: EnqueueRequest) => Promise<EnqueueReply> },
): Scheduler['runs'] {
  const view = (record: RunRecord): ReturnType<typeof viewRun> => viewRun(record, deps.policies.get(record.job)?.sensitive ?? null)

  const find = async (query: RunQuery): Promise<readonly RunRecord[]> =>
    (await deps.call('runs.find', (store) => store.runs.find(query))).runs

  /** Null: it was replayed before, and is not to be `again`. */
  const replayRecord = async (record: RunRecord, again: boolean): Promise<RunHandle | null> => {
    const policy = deps.policies.get(record.job)
    const overlap = record.slot === null ? policy?.overlap : policy?.slotOverlap
    const request: EnqueueRequest = {
      id: deps.nextId(),
      job: record.job,
      key: record.key,
      trigger: 'replay',
      payload: record.payload ?? record.merging?.at(-1) ?? null,
      triggers: 1,
      priority: record.priority,
      delayMs: 0,
      overlap: overlap ?? record.overlap,
      skipWhenBusy: false,
      gates: policy === undefined ? record.gates : gatesOf(policy, record.key, overlap),
      replayOf: record.id,
      slot: record.slot ?? undefined,
      trace: record.trace ?? undefined,
      idempotency: replayMark(record.id, policy?.keep.forMs ?? KEPT_MS),
    }
    let reply = await deps.enqueue(request)
    if (reply.id !== request.id) {
      if (!again) return null
      reply = await deps.enqueue({ ...request, id: deps.nextId(), idempotency: undefined })
    }
    return createRunHandle(reply, record.job, deps)
  }

  /** How many of them were cancelled, or asked to stop, by this call; null when none of them is known. */
  const cancelAll = async (ids: readonly string[], reason: string): Promise<number | null> => {
    let tries = 0
    const { replies } = await deps.call('runs.cancel', (store) => {
      tries++
      return store.runs.cancel({ runs: ids.map((id) => ({ id, reason })) })
    })
    const ended = ids.filter((_, index) => replies[index] === 'terminal')
    const done = replies.filter((reply) => reply === 'cancelled' || reply === 'requested').length
    if (tries === 1 || ended.length === 0) return replies.every((reply) => reply === 'unknown') ? null : done
    // The reply to the first try may be what was lost.
    const records = await Promise.all(ended.map(deps.get))
    return done + records.filter((record) => record?.state === 'cancelled' && record.reason === reason).length
  }

  const require = async (id: string): Promise<RunRecord> => {
    const record = await deps.get(id)
    if (record === null)
      throw new QuarterjackError('UnknownRun', `There is no run ${shown(id)}. It was never made, or its history is no longer kept.`)
    return record
  }

  return {
    async get(id) {
      const record = await deps.get(id)
      return record === null ? null : view(record)
    },
    async find(filter = {}) {
      checkNames(filter, [...FILTER_NAMES, 'state', 'after'], 'runs.find')
      return (await find(resolveFilter(filter))).map(view)
    },
    handle: async (id) => createRunHandle({ id, outcome: 'created' }, (await require(id)).job, deps),
    async cancel(id, reason = BY_REQUEST) {
      checkReason(reason, 'runs.cancel')
      const cancelled = await cancelAll([id], reason)
      if (cancelled === null) await require(id)
      return cancelled === 1
    },
    async cancelAll(filter, reason = BY_REQUEST) {
      // Without a filter it would cancel everything: whoever means that writes {}.
      requireNames(filter, [...FILTER_NAMES, 'state'], 'runs.cancelAll')
      checkReason(reason, 'runs.cancelAll')
      const { limit, state = UNFINISHED, ...matching } = filter
      const most = checkCount(limit ?? Number.MAX_SAFE_INTEGER, 'runs.cancelAll: limit', { least: 1, code: 'InvalidQuery' })
      const query = resolveFilter({ ...matching, state }, UNFINISHED)
      let cancelled = 0
      for (let after: string | undefined, more = true; more; ) {
        const page = await find({ ...query, after, limit: PAGE })
        // Who was asked to stop is not asked again, and not counted again.
        const ids = page.filter(({ cancelRequested }) => cancelRequested === null).map(({ id }) => id)
        if (ids.length > 0) cancelled += (await cancelAll(ids.slice(0, most - cancelled), reason)) ?? 0
        more = page.length === PAGE && cancelled < most
        after = page.at(-1)?.id
      }
      return cancelled
    },
    async replay(id) {
      const record = await require(id)
      if (!isTerminal(record.state)) {
        throw new QuarterjackError(
          'NotReplayable',
          `run ${id} of job "${record.job}" is ${record.state}; only a finished run can be replayed. Cancel it first, or wait.`,
        )
      }
      return (await replayRecord(record, true)) as RunHandle
    },
    async replayAll(filter) {
      // Without a filter it would replay every dead run: whoever means that writes {}.
      requireNames(filter, [...FILTER_NAMES, 'again'], 'runs.replayAll')
      const { again = false, limit = 100, ...matching } = filter
      const most = checkCount(limit, 'runs.replayAll: limit', { least: 1, code: 'InvalidQuery' })
      const handles: RunHandle[] = []
      for await (const ids of oldestFirst(find, { ...resolveFilter(matching), states: ['dead'] })) {
        for (let at = 0; at < ids.length && handles.length < most; ) {
          const some = ids.slice(at, at + Math.min(AT_ONCE, most - handles.length))
          at += some.length
          const records = await Promise.all(some.map(deps.get))
          const made = await Promise.all(records.map((record) => (record === null ? null : replayRecord(record, again))))
          handles.push(...made.filter((handle) => handle !== null))
        }
        if (handles.length >= most) break
      }
      return handles
    },
  }
}

const MINUTE_MS = 60_000
/** Of a job that is not known here: as long as by default. */
const KEPT_MS = 43_200 * MINUTE_MS
/** Some hundred years: what is kept for ever has no more. */
const MOST_MARKED_MS = 1e8 * MINUTE_MS

/**
 * The first replay of a run leaves an idempotency key, which outlives that run: so it is known that it was replayed, also
 * when the replay itself is no longer kept; and two who ask at the same time make one replay.
 */
function replayMark(id: string, keptMs: number): EnqueueRequest['idempotency'] {
  return { key: `${RESERVED_KEY_PREFIX}replay:${id}`, ttlMs: Math.min(2 * keptMs + MINUTE_MS, MOST_MARKED_MS) }
}

function checkReason(reason: unknown, verb: string): void {
  if (typeof reason === 'string') return
  throw new QuarterjackError('InvalidOption', `${verb}: reason: ${shown(reason)} is not a text. Write cancel(id, 'why').`)
}

function resolveFilter(filter: RunFilter, possible = STATES): RunQuery {
  const states =
    filter.state === undefined
      ? undefined
      : Array.isArray(filter.state)
        ? (filter.state as readonly RunState[])
        : [filter.state as RunState]
  for (const state of states ?? []) {
    if (!possible.includes(state))
      throw new QuarterjackError('InvalidQuery', `runs: state: ${shown(state)} is none of ${possible.join(', ')}.`)
  }
  const limit = checkCount(filter.limit ?? 50, 'runs: limit', { least: 1, most: MOST_PER_PAGE, code: 'InvalidQuery' })
  return {
    job: filter.job === undefined ? undefined : jobName(filter.job, 'runs: job'),
    key: filter.key,
    states,
    createdAfter: filter.createdAfter === undefined ? undefined : toInstant(filter.createdAfter, 'runs: createdAfter'),
    createdBefore: filter.createdBefore === undefined ? undefined : toInstant(filter.createdBefore, 'runs: createdBefore'),
    after: filter.after,
    limit,
  }
}
