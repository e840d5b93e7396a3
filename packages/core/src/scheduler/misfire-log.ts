/** Remembers which jobs' slots this process saw skipped as misfires. */
import type { Emitter } from '../observe/emitter.ts'

export interface MisfireLog {
  of(job: string): { readonly slots: number; readonly lastAt: number } | null
}

export function createMisfireLog(emitter: Emitter, now: () => number): MisfireLog {
  const seen = new Map<string, { slots: number; lastAt: number }>()
  emitter.on('slots.skipped', ({ job, reason, count }) => {
    if (reason !== 'misfire') return
    seen.set(job, { slots: (seen.get(job)?.slots ?? 0) + (count ?? 1), lastAt: now() })
  })
  return { of: (job) => seen.get(job) ?? null }
}
