/** `scheduler.trigger` and `triggerMany`. */
import type { Engine } from '../engine/engine.ts'
import { checkList, requireNames } from '../errors/check-call.ts'
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import type { Job, JobPolicy } from '../job/job.ts'
import type { EnqueueReply } from '../store/runs.ts'
import type { Store } from '../store/store.ts'
import { buildTrigger, TRIGGER_NAMES, type TriggerRequestOptions } from '../trigger/build-request.ts'
import type { Trigger } from '../trigger/coalesce.ts'
import type { KnownJobs } from './job-ref.ts'
import { createRunHandle, type HandleDeps } from './run-handle.ts'
import type { Scheduler, TriggerItem } from './scheduler.ts'

const ITEM_NAMES = ['payload', ...TRIGGER_NAMES]

export interface TriggerDeps {
  readonly engine: Engine
  readonly store: Store
  readonly open: () => Promise<void>
  readonly nextId: () => string
  readonly maxPayloadBytes: number
  readonly jobs: KnownJobs
  readonly handles: HandleDeps
}

export function createTriggers(deps: TriggerDeps): Pick<Scheduler, 'trigger' | 'triggerMany'> {
  const build = (policy: JobPolicy, payload: unknown, options: TriggerRequestOptions): Promise<Trigger> =>
    buildTrigger(policy, payload, options, { id: deps.nextId(), maxPayloadBytes: deps.maxPayloadBytes })

  const send = async (triggers: readonly Trigger[], tx: unknown): Promise<readonly EnqueueReply[]> => {
    if (tx === undefined) {
      await deps.open()
      return Promise.all(triggers.map((trigger) => deps.engine.enqueue(trigger)))
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
  const trigger = async (job: { readonly name: string }, payload?: unknown, options: TriggerRequestOptions & { tx?: unknown } = {}) => {
    const built = await build(deps.jobs.given(job, 'trigger'), payload, options)
    const [reply] = await send([built], options.tx)
    return createRunHandle(reply as EnqueueReply, job.name, deps.handles)
  }

  return {
    trigger: trigger as Scheduler['trigger'],
    async triggerMany<In, R>(job: Job<In, R>, items: readonly TriggerItem<In>[]) {
      // All are checked before the first is sent: a bad one leaves nothing behind.
      const policy = deps.jobs.given(job, 'triggerMany')
      const what = `triggerMany of job "${policy.name}": items`
      checkList(items, what, 'triggers')
      for (let index = 0; index < items.length; index++) requireNames(items[index], ITEM_NAMES, () => `${what}[${index}]`)
      const triggers = await Promise.all(items.map(({ payload, ...options }) => build(policy, payload, options)))
      const tx = items[0]?.tx
      if (items.some((item) => item.tx !== tx)) {
        throw new QuarterjackError(
          'InvalidOption',
          `triggerMany of job "${job.name}": the items carry different tx; give all of them the same one.`,
        )
      }
      const replies = await send(triggers, tx)
      return replies.map((reply) => createRunHandle<R>(reply, job.name, deps.handles))
    },
  }
}
