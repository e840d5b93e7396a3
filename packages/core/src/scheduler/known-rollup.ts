/** Which rollup is meant by what calls are given. */
import { closestName } from '../errors/closest-name.ts'
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { shown } from '../errors/shown.ts'
import type { Rollup } from '../rollup/rollup.ts'
import type { RollupRef } from './rollups.ts'

/** Throws `UnknownRollup`. */
export function requireRollup(rollups: ReadonlyMap<string, Rollup>, ref: RollupRef, verb: string): Rollup {
  const name = typeof ref === 'string' ? ref : (ref as { readonly name?: unknown } | null)?.name
  const rollup = typeof name === 'string' ? rollups.get(name) : undefined
  if (rollup !== undefined) return rollup
  const names = [...rollups.keys()]
  const near = typeof name === 'string' ? closestName(name, names) : null
  throw new QuarterjackError(
    'UnknownRollup',
    `${verb}: ${shown(name ?? ref)} is not among the rollups of this scheduler (${names.join(', ') || 'none'}).${near === null ? '' : ` Did you mean "${near}"?`} Pass it to createScheduler({ jobs }).`,
  )
}
