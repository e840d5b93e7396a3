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
import { createRunHandle, type HandleDeps } from './run-handle.ts'
import { viewRun } from './run-view.ts'
import type { RunHandle } from '../job/trigger-options.ts'
import type { RunFilter, Scheduler } from './scheduler.ts'

const STATES: readonly RunState[] = ['pending', 'waiting', 'running', 'succeeded', 'dead', 'cancelled', 'skipped']
const MOST_PER_PAGE = 1_000
const NONE: ReadonlySet<string> = new Set()
/** As long as two might race. */
const REPLAY_TTL_MS = 60_000
const REPLAY_NAMES = ['job', 'key', 'createdAfter', 'createdBefore', 'limit'] as const

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

  const findAll = async (query: RunQuery): Promise<RunRecord[]> => {
    const found: RunRecord[] = []
    for (let after: string | undefined; ; after = found.at(-1)?.id) {
      const page = await find({ ...query, limit: MOST_PER_PAGE, after })
      found.push(...page)
      if (page.length < MOST_PER_PAGE) return found
    }
  }

  /** Ids of runs that were replayed after `oldest` was made. */
  const replayedSince = async (oldest: RunRecord | undefined, query: RunQuery): Promise<ReadonlySet<string>> => {
    if (oldest === undefined) return NONE
    const later = await findAll({ ...query, createdAfter: oldest.createdAt - 1 })
    return new Set(later.flatMap(({ replayOf }) => replayOf ?? []))
  }

  const replayRecord = async (record: RunRecord, idempotency?: EnqueueRequest['idempotency']): Promise<RunHandle> => {
    const policy = deps.policies.get(record.job)
    const overlap = record.slot === null ? policy?.overlap : policy?.slotOverlap
    const reply = await deps.enqueue({
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
      idempotency,
    })
    return createRunHandle(reply, record.job, deps)
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
      checkNames(filter, [...REPLAY_NAMES, 'state', 'after'], 'runs.find')
      return (await find(resolveFilter(filter))).map(view)
    },
    async cancel(id, reason = 'cancelled by request') {
      if (typeof reason !== 'string') {
        throw new QuarterjackError('InvalidOption', `runs.cancel: reason: ${shown(reason)} is not a text. Write cancel(id, 'why').`)
      }
      let tries = 0
      const { replies } = await deps.call('runs.cancel', (store) => {
        tries++
        return store.runs.cancel({ runs: [{ id, reason }] })
      })
      if (replies[0] === 'unknown') await require(id)
      // The reply to the first try may be what was lost.
      if (replies[0] === 'terminal' && tries > 1) {
        const record = await deps.get(id)
        return record?.state === 'cancelled' && record.reason === reason
      }
      return replies[0] === 'cancelled' || replies[0] === 'requested'
    },
    async replay(id) {
      const record = await require(id)
      if (!isTerminal(record.state)) {
        throw new QuarterjackError(
          'NotReplayable',
          `run ${id} of job "${record.job}" is ${record.state}; only a finished run can be replayed. Cancel it first, or wait.`,
        )
      }
      return replayRecord(record)
    },
    async replayAll(filter) {
      // Without a filter it would replay every dead run: whoever means that writes {}.
      requireNames(filter, [...REPLAY_NAMES, 'unreplayed'], 'runs.replayAll')
      const { unreplayed = false, ...matching } = filter
      const most = checkCount(filter.limit ?? 100, 'runs.replayAll: limit', { least: 1, code: 'InvalidQuery' })
      const dead = await findAll({ ...resolveFilter({ ...matching, limit: MOST_PER_PAGE }), states: ['dead'] })
      const replayed = unreplayed
        ? await replayedSince(dead.at(-1), resolveFilter({ job: filter.job, key: filter.key, limit: MOST_PER_PAGE }))
        : NONE
      const handles: RunHandle[] = []
      // Pages come newest first; the oldest are replayed first.
      for (const record of dead.reverse()) {
        if (handles.length >= most) break
        if (replayed.has(record.id)) continue
        // Two who ask for the same at the same time make one replay.
        const once = unreplayed ? { key: `${RESERVED_KEY_PREFIX}replay:${record.id}`, ttlMs: REPLAY_TTL_MS } : undefined
        const handle = await replayRecord(record, once)
        if (handle.outcome === 'created') handles.push(handle)
      }
      return handles
    },
  }
}

function resolveFilter(filter: RunFilter): RunQuery {
  const states =
    filter.state === undefined
      ? undefined
      : Array.isArray(filter.state)
        ? (filter.state as readonly RunState[])
        : [filter.state as RunState]
  for (const state of states ?? []) {
    if (!STATES.includes(state))
      throw new QuarterjackError('InvalidQuery', `runs: state: ${shown(state)} is not a state. Use ${STATES.join(', ')}.`)
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
