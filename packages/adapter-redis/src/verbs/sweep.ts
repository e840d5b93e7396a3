/** What a verb leaves to be deleted is deleted in scripts of bounded length, each call going on where the last one stopped. */
import { flag } from '../rows/reply-reader.ts'
import type { Scripts } from '../scripts/scripts.ts'
import type { Call } from './call.ts'

/** Goes on until nothing is left. Whatever a process that ends meanwhile leaves is gone with later drains. */
export type Sweep = (isSwept: boolean) => Promise<void>

export function createSweep(call: Call, scripts: Scripts): Sweep {
  return async (isSwept) => {
    let isDone = isSwept
    while (!isDone) isDone = flag((await call(scripts.windowsSweep, {})).reply)
  }
}
