/** The highest fence this process has seen: told to the store, so that fences grow even after it lost data (engine rule 15). */
import type { ClaimedRun } from '../store/claim-at-once.ts'

export interface Fences {
  readonly highest: number
  see(runs: readonly ClaimedRun[]): void
}

export function createFences(): Fences {
  let highest = 0
  return {
    get highest() {
      return highest
    },
    see(runs) {
      for (const { record } of runs) highest = Math.max(highest, record.fence)
    },
  }
}
