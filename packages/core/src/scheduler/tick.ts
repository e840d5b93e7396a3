/** One bounded pass, for hosts that do not stay. */
import type { Emitter } from '../observe/emitter.ts'
import type { TickSummary } from './scheduler.ts'

type Counts = Omit<TickSummary, 'nextWakeAt'>

/** Counts what happens from now on, until `stop`. `onMissed`: slots of a job were skipped as missed. */
export function countOutcomes(emitter: Emitter, onMissed: (job: string) => void): { readonly counts: Counts; stop(): void } {
  const counts = { fired: 0, claimed: 0, succeeded: 0, failed: 0 }
  const undo = [
    emitter.on('run.started', ({ trigger, attempt }) => {
      counts.claimed++
      if (trigger === 'schedule' && attempt === 1) counts.fired++
    }),
    emitter.on('slots.skipped', ({ job, reason }) => void (reason === 'misfire' && onMissed(job))),
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

/** An instant to show; null when nothing is known, or work is due already. */
export function wakeDate(at: number | null): Date | null {
  return at === null || !Number.isFinite(at) ? null : new Date(at)
}
