/** A part of what the store keeps is gone, deleted by hand or evicted: what is left is put in order, and told as a loss. */
import { pause } from '../client/timers.ts'
import { text } from '../rows/reply-reader.ts'
import type { VerbScript } from '../scripts/lua-module.ts'
import type { Scripts } from '../scripts/scripts.ts'
import type { Answer, Call, UnseenCall } from './call.ts'
import type { LossWatch } from '../loss/loss-watch.ts'

/** What became of it: `waited` where another process is at it. To be asked again while there is damage. */
export type Mended = 'mended' | 'waited'

/** `leaseMs`: for so long those whose leases are unknown may trust them. Who asks meanwhile waits for the same. */
export type MendPrefix = (leaseMs: number) => Promise<Mended>

export interface MendPrefixDeps {
  readonly call: Call
  readonly callUnseen: UnseenCall
  readonly scripts: Scripts
  readonly watch: LossWatch
}

/** The way others are asked whether they are done. */
const ASK_EVERY_MS = 100

/** Somebody may write while runs are counted, having just come: then they are counted again. */
const MOST_COUNTS = 5

const COUNT_STEPS = ['jobs', 'keys', 'gates', 'leases', 'owners', 'standing', 'held', 'orphans', 'free'] as const

/** Another process has taken over. */
const STOP = 'stop'

export function createMendPrefix({ call, callUnseen, scripts, watch }: MendPrefixDeps): MendPrefix {
  /** One step, page by page; false where it was stopped. */
  const inPages = async (ask: (cursor: string) => Promise<Pick<Answer, 'reply'>>): Promise<boolean> => {
    let cursor = '0'
    do {
      cursor = text((await ask(cursor)).reply)
      if (cursor === STOP) return false
    } while (cursor !== '0')
    return true
  }
  const inSteps = async (script: VerbScript, steps: readonly string[]): Promise<boolean> => {
    for (const step of steps) {
      if (!(await inPages((cursor) => call(script, { step, cursor })))) return false
    }
    return true
  }

  /** Nobody else writes between the pages: a number that is not the one before tells who does. */
  const countOnce = async (): Promise<boolean> => {
    let writes = 0
    for (const step of ['begin', ...COUNT_STEPS]) {
      const isWhole = await inPages(async (cursor) => {
        const answer = await callUnseen(scripts.recountRuns, { step, cursor, writes })
        writes = answer.position.writes
        return answer
      })
      if (!isWhole) return false
    }
    return true
  }
  const countRuns = async (): Promise<boolean> => {
    for (let counts = 0; counts < MOST_COUNTS; counts++) {
      if (await countOnce()) return true
    }
    return false
  }

  const mend = async (leaseMs: number): Promise<Mended> => {
    const counted = watch.position
    const begun = text((await call(scripts.mend, { step: 'jobs', leaseMs })).reply)
    if (begun === 'taken') {
      await pause(ASK_EVERY_MS)
      return 'waited'
    }
    const areRuns = begun === 'runs'
    const isInOrder =
      (await inSteps(scripts.mend, ['schedules'])) &&
      (!areRuns || (await inSteps(scripts.mendRuns, ['rows', 'entries', 'ages']))) &&
      (await inSteps(scripts.mendWindows, ['rollups', 'windows', 'marks']))
    const { position } = watch
    if (!isInOrder || position === null) return 'waited'
    await watch.repair(position, counted ?? position, async () => {
      if (areRuns && !(await countRuns())) return false
      return inPages(() => callUnseen(scripts.mend, { step: 'counts' }))
    })
    return 'mended'
  }

  let mending: Promise<Mended> | null = null
  return (leaseMs) => {
    mending ??= mend(leaseMs).finally(() => {
      mending = null
    })
    return mending
  }
}
