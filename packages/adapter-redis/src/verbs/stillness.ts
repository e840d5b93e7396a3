/** Whether anything but renewals was written since an owner renewed last: what an idle process need not look at again. */
import type { Position } from '../loss/loss-watch.ts'

export interface Stillness {
  /** An owner renewed; `renewals`: how many of the writes so far were nothing else. Answers whether all is as it was at its last one. */
  isStill(owner: string, position: Position, renewals: number): boolean
  forget(owner: string): void
}

export function createStillness(): Stillness {
  const stood = new Map<string, string>()
  return {
    isStill(owner, { epoch, writes }, renewals) {
      const stands = `${epoch}/${writes - renewals}`
      const isStill = stood.get(owner) === stands
      stood.set(owner, stands)
      return isStill
    },
    forget: (owner) => void stood.delete(owner),
  }
}
