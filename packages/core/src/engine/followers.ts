/** The runs that a success brings about: those of jobs defined to come `after` it. Pure but for the ids. */
import type { JobPolicy } from '../job/job.ts'
import type { NextId } from '../random/ids.ts'
import type { RunRecord } from '../store/records.ts'
import type { EnqueueRequest } from '../store/runs.ts'
import { gatesOf } from '../trigger/gates-of.ts'

/** Written with the settlement, so that a success cannot lose them; successes close together share one run. */
export function followersOf(
  { job, trace }: Pick<RunRecord, 'job' | 'trace'>,
  policies: ReadonlyMap<string, JobPolicy>,
  nextId: NextId,
): readonly EnqueueRequest[] {
  const requests: EnqueueRequest[] = []
  for (const policy of policies.values()) {
    if (!policy.after.includes(job)) continue
    requests.push({
      id: nextId(),
      job: policy.name,
      key: '',
      trigger: 'after',
      payload: null,
      triggers: 1,
      priority: policy.priority,
      delayMs: 0,
      overlap: policy.overlap,
      skipWhenBusy: false,
      gates: gatesOf(policy, ''),
      trace: trace ?? undefined,
      debounce: { waitMs: 0, maxWaitMs: null, leading: false, trailing: true, merge: 'last' },
    })
  }
  return requests
}
