/**
 * Notices that the server lost writes (engine rule 30). Each script counts the writes of its prefix and is told the newest one
 * that this process saw: a server that is behind does nothing and says so. Then the store is told what this process knows, and
 * the call is made again. What others write meanwhile cannot hide it: the writes of this process are counted apart as well.
 */
import type { StoreLoss } from '@quarterjack/core/store'

/** Where a prefix stands. */
export interface Position {
  readonly epoch: string
  readonly writes: number
  /** How many of them this process made, and the day of the newest behind the dot, as the store wrote it; 0 for none. */
  readonly own: string
  /** Dynamic schedules, and runs that have not ended. */
  readonly dynamic: number
  readonly alive: number
}

export interface LossWatch {
  /** Losses so far. What was leased under an earlier number may be gone. */
  readonly era: number
  /** The newest loss. */
  readonly loss: StoreLoss | null
  /** What the next call is told; null before the first answer. */
  readonly position: Position | null
  /** Of an answer that was not refused. */
  observe(position: Position, hasWritten: boolean): void
  /** Waits for a repair that is under way. */
  settled(): Promise<void> | null
  /**
   * A call that was told `asked` was refused: repairs, unless that was done since. `counted` is what there was before, where
   * that is not what was seen last.
   */
  repair(asked: Position, counted?: Position): Promise<void>
}

/** Tells the store what this process knows; answers where it stands then, and when that was. */
export type Repair = (epoch: string) => Promise<{ readonly position: Position; readonly at: number }>

/** Numbers of own writes are remembered for as long as calls may be under way that were told less. */
const MOST_NUMBERS = 1_000

export function createLossWatch(repair: Repair): LossWatch {
  let era = 0
  let loss: StoreLoss | null = null
  let position: Position | null = null
  let repairing: Promise<void> | null = null
  const numbers = new Set<number>()

  const mend = async (before: Position, counted: Position): Promise<void> => {
    const { position: after, at } = await repair(before.epoch)
    era++
    loss = {
      at,
      everything: lineageOf(before.epoch) !== lineageOf(after.epoch),
      schedules: Math.max(0, counted.dynamic - after.dynamic),
      runs: Math.max(0, counted.alive - after.alive),
    }
    position = after
    numbers.clear()
  }

  /**
   * A call that was sent before the answer to another may be carried out after that one was lost, and gets its number. It would
   * have been the next: so the store is behind, which it says when it is told so.
   */
  const numberOnce = (own: string): string => {
    const [count, day = '0'] = own.split('.')
    let number = Number(count)
    while (numbers.has(number)) number++
    numbers.add(number)
    if (numbers.size > MOST_NUMBERS) {
      const [oldest] = numbers
      if (oldest !== undefined) numbers.delete(oldest)
    }
    return `${number}.${day}`
  }

  return {
    get era() {
      return era
    },
    get loss() {
      return loss
    },
    get position() {
      return position
    },
    observe(seen, hasWritten) {
      // Answers of an earlier epoch may still arrive.
      if (position !== null && position.epoch !== seen.epoch) return
      const own = hasWritten ? numberOnce(seen.own) : seen.own
      position = position === null ? { ...seen, own } : newest(position, { ...seen, own })
    },
    settled: () => repairing,
    async repair(asked, counted = position ?? asked) {
      if (position !== null && position.epoch !== asked.epoch) return
      repairing ??= mend(position ?? asked, counted).finally(() => {
        repairing = null
      })
      await repairing
    },
  }
}

/** Answers may arrive in another order than that in which they were given. */
function newest(one: Position, other: Position): Position {
  return {
    ...(one.writes <= other.writes ? other : one),
    own: Number(one.own) < Number(other.own) ? other.own : one.own,
  }
}

/** A prefix that was emptied begins another. */
function lineageOf(epoch: string): string {
  return epoch.replace(/\.\d+$/, '')
}
