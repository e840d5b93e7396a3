/** One look at the store per interval, however many ask. */
import type { Clock, HealthSnapshot, JobHealth, Scheduler } from '@quarterjack/core'

/** A snapshot, and what is made of it once. */
export interface Snapshot {
  readonly health: HealthSnapshot
  job(name: string): JobHealth | undefined
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
  let byName: ReadonlyMap<string, JobHealth> | null = null
  let text: Buffer | null = null
  return {
    health,
    job(name) {
      byName ??= new Map(health.jobs.map((job) => [job.job, job]))
      return byName.get(name)
    },
    text() {
      text ??= Buffer.from(JSON.stringify(health))
      return text
    },
  }
}
