/** A digest of what a definition says about when and how often: equal on nodes that run the same code. */
import { createHash } from 'node:crypto'
import { serialiseSpec } from '../schedule/resolve-spec.ts'
import type { JobPolicy } from './job.ts'

/** 16 hex digits over the schedules, concurrency, rate limit and revision. What only the executing node reads is left out. */
export function definitionHash(policy: JobPolicy): string {
  const text = JSON.stringify([
    policy.schedules.map(({ name, key, schedule }) => [name, key, serialiseSpec(schedule.spec), JSON.stringify(schedule.payload) ?? null]),
    policy.concurrency,
    policy.rateLimit === null ? null : [policy.rateLimit.max, policy.rateLimit.perMs],
    ...(policy.revision === undefined ? [] : [policy.revision]),
  ])
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}
