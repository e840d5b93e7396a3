/** Work that gathers what a turn brings, so that all of it shares one call. */
import type { Clock } from './clock.ts'

export interface Turns {
  /** Sees to it that the work is done after this turn. */
  ask(): void
  /** Ends when the work that is asked for is done; null: none is. */
  readonly underWay: Promise<void> | null
}

/** Does `work` one turn after it is asked for, never twice at a time, and again while there `isMore`. `work` never rejects. */
export function createTurns(clock: Pick<Clock, 'defer'>, work: () => Promise<void>, isMore: () => boolean): Turns {
  let underWay: Promise<void> | null = null
  const ask = (): void => {
    if (underWay !== null) return
    underWay = new Promise((resolve) => {
      clock.defer(() => {
        void work().then(() => {
          underWay = null
          resolve()
          // What arrived between the last look of the work and now.
          if (isMore()) ask()
        })
      })
    })
  }
  return {
    ask,
    get underWay() {
      return underWay
    },
  }
}
