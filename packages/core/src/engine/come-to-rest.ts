/** When a bounded pass is over: nothing is due, and nothing is held. */
import { type Clock, sleep, waitForHint } from '../time/clock.ts'
import type { Holdings } from './holdings.ts'
import type { Loop } from './loop.ts'
import type { Settler } from './settler.ts'

/** How often it is looked whether it is over, where nothing tells. */
const LOOK_MS = 20

export interface RestDeps {
  readonly clock: Clock
  readonly holdings: Holdings
  readonly loop: Loop
  readonly settler: Settler
  /** The process takes on runs. */
  readonly isAccepting: () => boolean
}

/** Resolves when there is nothing left to do, at the latest after `ms`. */
export async function comeToRest({ clock, holdings, loop, settler, isAccepting }: RestDeps, ms: number): Promise<void> {
  const until = clock.monotonic() + ms
  const left = (): number => until - clock.monotonic()
  const upTo = (hint: Promise<void>): Promise<void> => waitForHint(clock, left(), hint)
  while (isAccepting() && clock.monotonic() < until) {
    await upTo(loop.settled())
    await upTo(settler.drained())
    if (holdings.size === 0 && loop.idle()) return
    // With nothing held it is the loop that rests, between tries.
    await (holdings.size > 0 ? holdings.changeWithin(clock, left()) : upTo(sleep(clock, LOOK_MS)))
  }
}
