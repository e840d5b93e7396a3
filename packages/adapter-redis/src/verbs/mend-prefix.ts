/** A part of what the store keeps is gone, deleted by hand or evicted: what is left is put in order, and told as a loss. */
import { text } from '../rows/reply-reader.ts'
import type { Scripts } from '../scripts/scripts.ts'
import type { Call } from './call.ts'
import type { LossWatch } from '../loss/loss-watch.ts'

/** Repeatable, and safe against others who do the same. */
export type MendPrefix = () => Promise<void>

export function createMendPrefix(call: Call, scripts: Scripts, watch: LossWatch): MendPrefix {
  return async () => {
    const counted = watch.position
    await call(scripts.mend, { step: 'jobs' })
    let cursor = '0'
    do {
      const { reply } = await call(scripts.mend, { step: 'schedules', cursor })
      cursor = text(reply)
    } while (cursor !== '0')
    await call(scripts.mend, { step: 'counts' })
    const { position } = watch
    if (position !== null) await watch.repair(position, counted ?? position)
  }
}
