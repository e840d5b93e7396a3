/** Requests for tests. */
import { randomUUID } from 'node:crypto'
import type { EnqueueRequest } from '@quarterjack/core/store'

/** A plain request for a run. */
export function enqueueRequest(job: string, given: Partial<EnqueueRequest> = {}): EnqueueRequest {
  return {
    id: randomUUID(),
    job,
    key: '',
    trigger: 'manual',
    payload: null,
    triggers: 1,
    priority: 0,
    delayMs: 0,
    overlap: 'allow',
    skipWhenBusy: false,
    gates: [],
    ...given,
  }
}
