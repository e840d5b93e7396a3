/** Triggers a job, or a rollup, with a payload that was typed: the store is asked for it once it fits. */
import { parsePayload } from '../job/payload.ts'
import type { RunHandle, TriggerOptions } from '../job/trigger-options.ts'
import type { Scheduler } from '../scheduler/scheduler.ts'
import { isRollup } from './known-rollup.ts'

type Known = Scheduler['jobs'][number]

/** Throws `PayloadInvalid` that says what does not fit. */
export async function checkTypedPayload(job: Known, payload: unknown): Promise<void> {
  await parsePayload(isRollup(job) ? null : job.policy.payload, payload, `job "${job.name}"`)
}

export function triggerKnown(scheduler: Scheduler, job: Known, payload: unknown, options: TriggerOptions<never>): Promise<RunHandle> {
  return isRollup(job)
    ? scheduler.trigger(job, payload as undefined, options as unknown as TriggerOptions<undefined>)
    : scheduler.trigger(job, payload as never, options)
}
