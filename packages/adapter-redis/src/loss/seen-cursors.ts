/** The newest slots that this process saw fired: what a store that lost writes is told again. */
import type { Firing } from '@quarterjack/core/store'

/** A schedule as its firing left it. */
export type SeenCursor = Pick<Firing, 'job' | 'name' | 'incarnation' | 'generation' | 'through' | 'nextSlot' | 'nextDueAt'>

export interface SeenCursors {
  note(firing: Firing): void
  all(): readonly SeenCursor[]
}

/** A failover loses the last moments: what fired long ago is safe, or gone with everything else. */
const MOST_SEEN = 20_000

export function createSeenCursors(most: number = MOST_SEEN): SeenCursors {
  const seen = new Map<string, SeenCursor>()
  return {
    note({ job, name, incarnation, generation, through, nextSlot, nextDueAt }) {
      const id = `${job}/${name}`
      // The newest stand last.
      seen.delete(id)
      seen.set(id, { job, name, incarnation, generation, through, nextSlot, nextDueAt })
      if (seen.size <= most) return
      const [oldest] = seen.keys()
      if (oldest !== undefined) seen.delete(oldest)
    },
    all: () => [...seen.values()],
  }
}
