/** `trigger` and `triggerMany`: of the scheduler, and of it as a handler reaches it. */
import type { Engine } from '../engine/engine.ts'
import { checkList, requireNames } from '../errors/check-call.ts'
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { JOB_DEFAULTS } from '../job/defaults.ts'
import type { Job, JobPolicy, RunScheduler } from '../job/job.ts'
import { joinTraces, readTrace, type TraceContext, traceText } from '../observe/trace-context.ts'
import type { RunRecord } from '../store/records.ts'
import type { EnqueueReply, EnqueueRequest } from '../store/runs.ts'
import type { Store } from '../store/store.ts'
import { parseDuration } from '../time/duration.ts'
import { buildTrigger, RESERVED_KEY_PREFIX, TRIGGER_NAMES, type TriggerRequestOptions } from '../trigger/build-request.ts'
import type { Trigger } from '../trigger/coalesce.ts'
import type { KnownJobs } from './job-ref.ts'
import { createRunHandle, type HandleDeps } from './run-handle.ts'
import type { TriggerItem } from '../job/trigger-options.ts'
import type { Scheduler } from './scheduler.ts'

const ITEM_NAMES = ['payload', ...TRIGGER_NAMES]

export interface TriggerDeps {
  readonly engine: Engine
  readonly store: Store
  readonly open: () => Promise<void>
  readonly nextId: () => string
  readonly maxPayloadBytes: number
  readonly jobs: KnownJobs
  readonly handles: HandleDeps
  /** The scheduler's option. */
  readonly trace: (() => TraceContext | null | undefined) | null
}

/** A run whose handler triggers. */
export type Origin = Pick<RunRecord, 'id' | 'trace'>

type Options = TriggerRequestOptions & { readonly once?: boolean | string | undefined }

/** `origin`: the run that all of it is triggered by. */
export function createTriggers(deps: TriggerDeps, origin: Origin | null = null): Pick<Scheduler, 'trigger' | 'triggerMany'> & RunScheduler {
  const traceOf = origin?.trace ?? null

  const build = (policy: JobPolicy, payload: unknown, options: Options): Trigger | Promise<Trigger> => {
    const context = {
      id: deps.nextId(),
      maxPayloadBytes: deps.maxPayloadBytes,
      trace: traceText(joinTraces(readTrace(traceOf), activeTrace(deps.trace), options.trace)),
    }
    if (origin === null) return buildTrigger(policy, payload, options, context)
    const { once, ...rest } = options
    const idempotency = once === undefined || once === false ? undefined : onceKey(origin, once, { policy, options: rest })
    return buildTrigger(policy, payload, rest, { ...context, idempotency })
  }

  const send = async (triggers: readonly Trigger[], tx: unknown): Promise<readonly EnqueueReply[]> => {
    if (tx === undefined) {
      await deps.open()
      return deps.engine.enqueueAll(triggers)
    }
    if (deps.store.capabilities.transactions !== true) {
      throw new QuarterjackError(
        'TransactionsUnsupported',
        `store "${deps.store.name}" cannot join a transaction: trigger without tx, after the commit, or use a store whose capabilities say "transactions".`,
      )
    }
    await deps.open()
    return deps.engine.enqueueWith(triggers, tx)
  }

  /** Of a job, or of a rollup, which is refreshed by a job of its name. */
  const trigger = async (job: { readonly name: string }, payload?: unknown, options: Options & { tx?: unknown } = {}) => {
    const built = await build(deps.jobs.given(job, 'trigger'), payload, options)
    const [reply] = await send([built], options.tx)
    return createRunHandle(reply as EnqueueReply, job.name, { ...deps.handles, isComing: options.tx !== undefined })
  }

  return {
    trigger: trigger as Scheduler['trigger'],
    async triggerMany<In, R>(job: Job<In, R>, items: readonly TriggerItem<In>[]) {
      // All are checked before the first is sent: a bad one leaves nothing behind.
      const policy = deps.jobs.given(job, 'triggerMany')
      const what = `triggerMany of job "${policy.name}": items`
      checkList(items, what, 'triggers')
      const names = origin === null ? ITEM_NAMES : [...ITEM_NAMES, 'once']
      for (let index = 0; index < items.length; index++) requireNames(items[index], names, () => `${what}[${index}]`)
      const built = items.map(({ payload, ...options }) => build(policy, payload, options))
      const triggers = built.some((one) => one instanceof Promise) ? await Promise.all(built) : (built as readonly Trigger[])
      const tx = items[0]?.tx
      if (items.some((item) => item.tx !== tx)) {
        throw new QuarterjackError(
          'InvalidOption',
          `triggerMany of job "${job.name}": the items carry different tx; give all of them the same one.`,
        )
      }
      const replies = await send(triggers, tx)
      const handles = { ...deps.handles, isComing: tx !== undefined }
      return replies.map((reply) => createRunHandle<R>(reply, job.name, handles))
    },
  }
}

/** Of the user's function, which never hurts a trigger. */
function activeTrace(trace: TriggerDeps['trace']): unknown {
  try {
    return trace?.()
  } catch {
    return null
  }
}

const MOST_ONCE = 128

/** The same for all attempts of the run that triggers; idempotency keys are of one job. */
function onceKey(
  { id }: Origin,
  once: string | true,
  { policy, options }: { readonly policy: JobPolicy; readonly options: TriggerRequestOptions },
): EnqueueRequest['idempotency'] {
  const what = `trigger of job "${policy.name}"`
  const isName = once === true || (typeof once === 'string' && once !== '' && once.length <= MOST_ONCE)
  if (!isName || options.idempotencyKey !== undefined)
    throw new QuarterjackError('InvalidOption', `${what}: once: give true or a name, and no idempotencyKey.`)
  const name = once === true ? [options.key ?? ''] : [options.key ?? '', once]
  const ttlMs = parseDuration(options.idempotencyTtl ?? JOB_DEFAULTS.idempotencyTtl, `${what}: idempotencyTtl`, 1)
  return { key: `${RESERVED_KEY_PREFIX}once:${id}:${JSON.stringify(name)}`, ttlMs }
}
