/** A part of what the store keeps is gone, deleted by hand or evicted: what is left is put in order, and told as a loss. */
import { text } from '../rows/reply-reader.ts'
import type { VerbScript } from '../scripts/lua-module.ts'
import type { Scripts } from '../scripts/scripts.ts'
import type { Call } from './call.ts'
import type { LossWatch } from '../loss/loss-watch.ts'

/** Repeatable, and safe against others who do the same. */
export type MendPrefix = () => Promise<void>

export function createMendPrefix(call: Call, scripts: Scripts, watch: LossWatch): MendPrefix {
  /** One step, page by page. */
  const inPages = async (script: VerbScript, step: string): Promise<void> => {
    let cursor = '0'
    do {
      const { reply } = await call(script, { step, cursor })
      cursor = text(reply)
    } while (cursor !== '0')
  }

  return async () => {
    const counted = watch.position
    await inPages(scripts.mend, 'jobs')
    await inPages(scripts.mend, 'schedules')
    await inPages(scripts.mend, 'counts')
    for (const step of ['rollups', 'windows', 'marks']) await inPages(scripts.mendWindows, step)
    const { position } = watch
    if (position !== null) await watch.repair(position, counted ?? position)
  }
}
