/** The rollups of these tests: the same in the processes that refresh them and in the one that marks. */
import { defineRollup, type Refresh, type Rollup } from '@quarterjack/core'

export const STEP_MS = 10_000

/** A fine one, and one that comes after it. Nothing is looked back at: what a mark was lost about would stay wrong. */
export function rollupsOf(startAt: number, refresh: Refresh): readonly [fine: Rollup, coarse: Rollup] {
  const shared = {
    start: new Date(startAt),
    capture: 'complete',
    debounce: { wait: '30ms', maxWait: '100ms' },
    batch: { start: 5, most: 5 },
    retry: { retries: 10, minTimeout: '100ms', factor: 1 },
    refresh,
  } as const
  const fine = defineRollup({ name: 'fine', grain: '10s', source: 'events', ...shared })
  return [fine, defineRollup({ name: 'coarse', grain: '1m', after: [fine], ...shared })]
}
