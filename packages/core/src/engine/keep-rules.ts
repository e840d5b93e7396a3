/** How much history is kept, as the definitions in force say it. */
import type { KeepRule } from '../store/runs.ts'
import type { Definition, Standing } from './register.ts'

/** A definition that was replaced says nothing any more about how much is kept. */
export function keepRules(definitions: readonly Definition[], standings: ReadonlyMap<string, Standing>): readonly KeepRule[] {
  return definitions
    .filter(({ policy }) => standings.get(policy.name)?.current === true)
    .map(({ policy: { name, keep } }) => ({ job: name, succeeded: keep.succeeded, dead: keep.dead, forMs: keep.forMs }))
}
