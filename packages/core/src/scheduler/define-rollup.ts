/** `defineRollup`: a rollup as users define it, with all that a scheduler needs for it. */
import { resolveRollup } from '../rollup/resolve-rollup.ts'
import type { Rollup, RollupOptions } from '../rollup/rollup.ts'
import { createRollups } from './create-rollups.ts'
import { readFreshness } from './read-freshness.ts'
import { carryParts, type RollupParts } from './rollup-parts.ts'
import { createRollupsGroup } from './rollups-group.ts'

const PARTS: RollupParts = { createEngine: createRollups, createGroup: createRollupsGroup, readFreshness }

/**
 * Defines a rollup: a frozen value; nothing happens until a scheduler gets it. Throws `InvalidName`, `InvalidOption` that lists every
 * problem, or `RollupNotNested` when it cannot be put together from what it comes `after`.
 *
 * @example
 * const daily = defineRollup({
 *   name: 'orders-daily',
 *   grain: 'day',
 *   timeZone: 'Europe/Berlin',
 *   start: '2025-01-01',
 *   refresh: async ({ windows }, { signal }) => {},
 * })
 */
export function defineRollup(options: RollupOptions): Rollup {
  return carryParts(resolveRollup(options), PARTS)
}
