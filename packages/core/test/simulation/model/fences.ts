/** Every fence that the store gave out: each is higher than all before it. */
import type { History } from '../history.ts'

export interface FencesModel {
  /** A new claim or grant. */
  grow(fence: number, what: string): void
}

export function createFencesModel(history: History): FencesModel {
  let highest = 0
  return {
    grow(fence, what) {
      if (fence <= highest) history.violate('fence-grows', `${what} got fence ${fence}, after ${highest}`)
      highest = Math.max(highest, fence)
    },
  }
}
