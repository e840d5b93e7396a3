/** Finds a rollup of the code by the name that was typed. */
import { closestName } from '../errors/closest-name.ts'
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { shown } from '../errors/shown.ts'
import type { Rollup } from '../rollup/rollup.ts'
import type { Scheduler } from '../scheduler/scheduler.ts'

/** Whether one of the scheduler's definitions is a rollup. */
export function isRollup(one: Scheduler['jobs'][number]): one is Rollup {
  return 'kind' in one && one.kind === 'rollup'
}

/** The rollup that the code defines under `name`. Throws `UnknownRollup` with the nearest name. */
export function knownRollup(scheduler: Scheduler, name: string): Rollup {
  const rollups = scheduler.jobs.filter(isRollup)
  const rollup = rollups.find((one) => one.name === name)
  if (rollup !== undefined) return rollup
  const names = rollups.map((one) => one.name)
  const near = closestName(name, names)
  const remedy = near === null ? `Known rollups: ${names.join(', ') || 'none'}.` : `Did you mean "${near}"?`
  throw new QuarterjackError('UnknownRollup', `There is no rollup ${shown(name)} in this program. ${remedy}`)
}
