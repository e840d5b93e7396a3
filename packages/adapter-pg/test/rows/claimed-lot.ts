/** A claimed run on its way from the store: a first attempt that begins at once. */
import type { ClaimedLot } from '../../src/rows/claimed-runs.ts'

export function claimedLot(id: string): ClaimedLot {
  return {
    jobs: ['a'],
    ids: [id],
    keys: [''],
    kinds: ['schedule'],
    schedules: ['k'],
    slots: [5],
    payloads: [null],
    priorities: [0],
    runAts: [5],
    createdAts: [5],
    overlaps: ['allow'],
    attempts: [1],
    fences: [7],
    counts: [1],
    rests: [null],
    began: 1,
    startedAt: 5,
  }
}
