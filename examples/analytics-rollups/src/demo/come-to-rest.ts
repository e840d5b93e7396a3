/** Waiting for a scheduler without guessing how fast the machine is: for as long as there is progress. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { HealthSnapshot, Scheduler } from '@quarterjack/core'

export interface RestOptions {
  /** Jobs that are never at rest, and need not be. */
  readonly besides?: readonly string[]
  /** Without any progress for so long it fails. Default two minutes. */
  readonly patienceMs?: number
  readonly everyMs?: number
}

/** Until nothing is marked and nothing runs, seen twice in a row. Throws when nothing moves any more, and says what is left. */
export async function comeToRest(
  scheduler: Pick<Scheduler, 'health'>,
  { besides = [], patienceMs = 120_000, everyMs = 300 }: RestOptions = {},
): Promise<void> {
  let seen = ''
  let movedAt = performance.now()
  for (let quiet = 0; quiet < 2; ) {
    await sleep(everyMs)
    const snapshot = await scheduler.health()
    const left = unrest(snapshot, besides)
    quiet = left.length === 0 ? quiet + 1 : 0
    const stand = standOf(snapshot, besides)
    if (stand !== seen) movedAt = performance.now()
    seen = stand
    if (performance.now() - movedAt > patienceMs) throw new Error(`nothing has moved for ${patienceMs} ms; left: ${left.join(', ')}`)
  }
}

/** What is still to be done. */
function unrest({ jobs, rollups }: HealthSnapshot, besides: readonly string[]): readonly string[] {
  const executing = jobs.filter(({ job, running }) => running > 0 && !besides.includes(job))
  const behind = rollups.filter(({ dirtyMs, lagMs, held }) => dirtyMs + lagMs + held > 0)
  return [
    ...executing.map(({ job, running }) => `${job} (${running} running)`),
    ...behind.map(({ rollup, dirty, held, watermark }) => `${rollup} (${dirty} dirty, ${held} held, complete up to ${watermark})`),
  ]
}

/** Differs after whatever is done, and not by time alone. */
function standOf({ jobs, rollups }: HealthSnapshot, besides: readonly string[]): string {
  return JSON.stringify([
    jobs
      .filter(({ job }) => !besides.includes(job))
      .map(({ job, running, pending, waiting, lastRun }) => [job, running, pending, waiting, lastRun]),
    rollups.map(({ rollup, watermark, dirty, held, failed, suspect }) => [rollup, watermark, dirty, held, failed, suspect]),
  ])
}
