/** One look at the store per interval, however many ask. */
import type { Clock, HealthSnapshot, RollupHealth, Scheduler } from '@quarterjack/core'
import { type JudgedJob, judgeJobs } from './judged-job.ts'

/** A snapshot, and what is made of it once. */
export interface Snapshot {
  readonly health: HealthSnapshot
  jobs(): readonly JudgedJob[]
  job(name: string): JudgedJob | undefined
  rollup(name: string): RollupHealth | undefined
  /** As JSON. */
  text(): Buffer
}

interface Look {
  readonly at: number
  isOver: boolean
  readonly snapshot: Promise<Snapshot>
}

type HealthSource = Pick<Scheduler, 'health'>

// Shared by all that look at one scheduler: its handlers and its metrics.
const LOOKS = new WeakMap<HealthSource, Look>()

/** The newest snapshot, if it is younger than `maxAgeMs` or under way; else a new one. */
export function snapshotOf(scheduler: HealthSource, maxAgeMs: number, clock: Pick<Clock, 'monotonic'>): Promise<Snapshot> {
  const last = LOOKS.get(scheduler)
  if (last !== undefined && (!last.isOver || clock.monotonic() - last.at < maxAgeMs)) return last.snapshot
  const look: Look = { at: clock.monotonic(), isOver: false, snapshot: scheduler.health().then(prepare) }
  LOOKS.set(scheduler, look)
  const end = (): void => {
    look.isOver = true
  }
  look.snapshot.then(end, () => {
    end()
    // A failure is not kept: the next one who asks tries again.
    if (LOOKS.get(scheduler) === look) LOOKS.delete(scheduler)
  })
  return look.snapshot
}

function prepare(health: HealthSnapshot): Snapshot {
  let judged: ReadonlyMap<string, JudgedJob> | null = null
  let text: Buffer | null = null
  const byName = (): ReadonlyMap<string, JudgedJob> => {
    judged ??= judgeJobs(health)
    return judged
  }
  return {
    health,
    jobs: () => [...byName().values()],
    job: (name) => byName().get(name),
    rollup: (name) => health.rollups.find(({ rollup }) => rollup === name),
    text() {
      text ??= Buffer.from(JSON.stringify(health))
      return text
    },
  }
}
