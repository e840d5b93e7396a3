/** Rate limits: over any stretch as long as the window, no more claims than two windows allow. */
import type { Commit } from '../faulty-store.ts'
import type { History } from '../history.ts'
import type { StoreTime } from '../store-time.ts'
import { claimsOf } from './owners.ts'

export interface RateModel {
  take(commit: Commit): void
}

export function createRateModel(deps: {
  readonly history: History
  readonly storeTime: StoreTime
  readonly now: () => number
  readonly limitOf: (job: string) => { readonly max: number; readonly perMs: number } | null
}): RateModel {
  const claims = new Map<string, number[]>()
  return {
    take({ verb, reply }) {
      if (verb !== 'runs.claim' && verb !== 'schedules.fire' && verb !== 'runs.enqueue') return
      for (const { record } of claimsOf(reply)) {
        const limit = deps.limitOf(record.job)
        if (limit === null) continue
        const since = deps.now() - limit.perMs
        const recent = [...(claims.get(record.job) ?? []).filter((at) => at > since), deps.now()]
        claims.set(record.job, recent)
        const stepped = deps.storeTime.forwardSince(since) + deps.storeTime.backwardSince(since) > 0
        if (!stepped && recent.length > 2 * limit.max) {
          deps.history.violate(
            'rate-limit',
            `${record.job} was claimed ${recent.length} times within ${limit.perMs} ms; ${limit.max} are allowed`,
          )
        }
      }
    },
  }
}
