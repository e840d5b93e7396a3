/** What the calls that took effect say about suspensions. */
import type { Commit } from '../faulty-store.ts'

export interface SuspensionsModel {
  take(commit: Commit): void
  /** Jobs, and `job schedule`. */
  readonly suspended: Set<string>
  isSuspended(job: string, schedule?: string): boolean
}

export function createSuspensionsModel(): SuspensionsModel {
  const suspended = new Set<string>()
  return {
    suspended,
    take({ verb, request, reply }) {
      if (verb === 'schedules.suspend') {
        const { targets } = request as { targets: readonly { job: string; name?: string; reason: string | null }[] }
        ;(reply as { changed: readonly boolean[] }).changed.forEach((changed, index) => {
          const target = targets[index]
          if (!changed || target === undefined) return
          const name = target.name === undefined ? target.job : `${target.job} ${target.name}`
          if (target.reason === null) suspended.delete(name)
          else suspended.add(name)
        })
      } else if (verb === 'schedules.remove') {
        for (const { job, name } of (request as { schedules: readonly { job: string; name: string }[] }).schedules)
          suspended.delete(`${job} ${name}`)
      }
    },
    isSuspended: (job, schedule) => suspended.has(job) || (schedule !== undefined && suspended.has(`${job} ${schedule}`)),
  }
}
