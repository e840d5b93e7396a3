/** Firings as `schedules_fire` reads them: in columns, which are read several times as fast as records. Places count from 1. */
import type { FiredRun, Firing } from '@quarterjack/core/store'

/** What is sent in place of `firings`. */
export interface FireLetter {
  /** Names of all jobs. */
  readonly jobs: readonly string[]
  /** Of each firing: the place of its job, and its fields. */
  readonly ofJob: readonly number[]
  readonly names: readonly string[]
  readonly incarnations: readonly string[]
  readonly generations: readonly number[]
  readonly expected: readonly number[]
  readonly through: readonly number[]
  readonly nextSlots: readonly (number | null)[]
  readonly nextDueAts: readonly (number | null)[]
  /** Of each run: the place of its firing, and its fields. Runs of one firing stand together, oldest first. */
  readonly ofFiring: readonly number[]
  readonly ids: readonly string[]
  readonly slots: readonly number[]
  readonly runAts: readonly number[]
  readonly priorities: readonly number[]
  readonly overlaps: readonly string[]
  readonly queueLimits: readonly number[]
  /** None where no run has any. */
  readonly gates: readonly (readonly string[])[]
  /** Of each firing, its runs that look at no others: how many, and the place of the newest among all runs, or null. */
  readonly counts: readonly number[]
  readonly last: readonly (number | null)[]
  /** [place of the firing, its skipped ranges] */
  readonly skips: readonly (readonly [place: number, ranges: Firing['skips']])[]
}

export function toFireLetter(firings: readonly Firing[]): FireLetter {
  const jobs = [...new Set(firings.map(({ job }) => job))]
  const placeOf = new Map(jobs.map((job, index) => [job, index + 1]))
  const runs: FiredRun[] = []
  const ofFiring: number[] = []
  const counts: number[] = []
  const last: (number | null)[] = []
  for (const [index, firing] of firings.entries()) {
    let count = 0
    let newest: number | null = null
    for (const run of firing.runs) {
      runs.push(run)
      ofFiring.push(index + 1)
      if (run.overlap !== 'skip' && run.overlap !== 'allow') continue
      count++
      newest = runs.length
    }
    counts.push(count)
    last.push(newest)
  }
  return {
    jobs,
    ofJob: firings.map(({ job }) => placeOf.get(job) ?? 0),
    names: firings.map(({ name }) => name),
    incarnations: firings.map(({ incarnation }) => incarnation),
    generations: firings.map(({ generation }) => generation),
    expected: firings.map(({ expectedSlot }) => expectedSlot),
    through: firings.map(({ through }) => through),
    nextSlots: firings.map(({ nextSlot }) => nextSlot),
    nextDueAts: firings.map(({ nextDueAt }) => nextDueAt),
    ofFiring,
    ids: runs.map(({ id }) => id),
    slots: runs.map(({ slot }) => slot),
    runAts: runs.map(({ runAt }) => runAt),
    priorities: runs.map(({ priority }) => priority),
    overlaps: runs.map(({ overlap }) => overlap),
    queueLimits: runs.map(({ queueLimit }) => queueLimit),
    gates: runs.some((run) => run.gates.length > 0) ? runs.map((run) => run.gates) : [],
    counts,
    last,
    skips: firings.flatMap(({ skips }, index) => (skips.length > 0 ? [[index + 1, skips] as const] : [])),
  }
}
