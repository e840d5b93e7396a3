/** One bounded pass, for hosts that do not stay. */
import type { JobPolicy } from '../job/job.ts'
import type { Emitter } from '../observe/emitter.ts'
import type { Logger } from '../observe/logger.ts'
import { formatDuration } from '../time/duration.ts'
import type { TickSummary } from './scheduler.ts'

type Counts = Omit<TickSummary, 'nextWakeAt'>

/** Counts what happens from now on, until `stop`. */
export function countOutcomes(emitter: Emitter): { readonly counts: Counts; stop(): void } {
  const counts = { fired: 0, claimed: 0, succeeded: 0, failed: 0 }
  const undo = [
    emitter.on('run.started', ({ trigger, attempt }) => {
      counts.claimed++
      if (trigger === 'schedule' && attempt === 1) counts.fired++
    }),
    emitter.on('run.succeeded', () => void counts.succeeded++),
    emitter.on('run.dead', () => void counts.failed++),
    emitter.on('run.retrying', () => void counts.failed++),
  ]
  return {
    counts,
    stop() {
      for (const off of undo) off()
    },
  }
}

/** A job that catches nothing up never runs where passes come less often than they are said to. Warns of it once per job, until it is stopped. */
export function warnOfMissed(deps: {
  readonly emitter: Emitter
  readonly policies: ReadonlyMap<string, JobPolicy>
  readonly logger: Logger
  readonly everyMs: number
}): () => void {
  const warned = new Set<string>()
  return deps.emitter.on('slots.skipped', ({ job, reason }) => {
    if (reason !== 'misfire' || warned.has(job) || deps.policies.get(job)?.catchUp.mode !== 'none') return
    warned.add(job)
    deps.logger.warn(
      { job },
      `tick: slots of job "${job}" were missed, and its catchUp is "none". If passes come less often than every ${formatDuration(deps.everyMs)}, say how often: tick({ every }).`,
    )
  })
}

/** An instant to show; null when nothing is known, or work is due already. */
export function wakeDate(at: number | null): Date | null {
  return at === null || !Number.isFinite(at) ? null : new Date(at)
}
