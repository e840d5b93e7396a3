/** Waiting for what happens by itself, with a deadline. */
import { setTimeout as sleep } from 'node:timers/promises'

const PATIENCE_MS = 15_000

/** Asks until the answer is true; fails after 15 s, with what it waited for and what else there is to tell by then. */
export async function until(what: string | (() => string), check: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS
  while (!(await check())) {
    if (performance.now() > deadline) throw new Error(`${typeof what === 'string' ? what : what()}: not within ${PATIENCE_MS} ms.`)
    await sleep(10)
  }
}

/** Waits out the time in which something would have come. That nothing does, no event tells, and no deadline. */
export const outwait = (ms: number): Promise<void> => sleep(ms)
