/** How far those who entered a funnel on a day came within its window. Pure. */
import { DAY_MS } from '../db/time.ts'

export interface FunnelEvent {
  readonly user: number
  readonly name: string
  readonly at: number
}

export interface FunnelDay {
  readonly steps: readonly string[]
  readonly windowMs: number
  /** Midnight of the day of the first step. */
  readonly dayAt: number
}

/** Users who reached each step, the first one included; steps count in their order only. */
export function computeFunnel(events: readonly FunnelEvent[], { steps, windowMs, dayAt }: FunnelDay): readonly number[] {
  const reached = steps.map(() => 0)
  for (const own of byUser(events).values()) {
    const entry = own.find(({ name, at }) => name === steps[0] && at >= dayAt && at < dayAt + DAY_MS)
    if (entry === undefined) continue
    let at = entry.at
    for (const [index, step] of steps.entries()) {
      const next = own.find((event) => event.name === step && event.at >= at && event.at <= entry.at + windowMs)
      if (next === undefined) break
      at = next.at
      reached[index] = (reached[index] ?? 0) + 1
    }
  }
  return reached
}

function byUser(events: readonly FunnelEvent[]): ReadonlyMap<number, readonly FunnelEvent[]> {
  const users = Map.groupBy(events, ({ user }) => user)
  for (const own of users.values()) own.sort((a, b) => a.at - b.at)
  return users
}
