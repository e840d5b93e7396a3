/** How fresh rollups are: one call to the store for all of them. */
import type { Engine } from '../engine/engine.ts'
import { judgeFreshness } from '../rollup/freshness.ts'
import type { Rollup } from '../rollup/rollup.ts'
import { windowsOf } from '../trigger/marker.ts'
import type { JudgeFreshness } from './rollup-parts.ts'

/** Records of windows that one verdict looks at. */
const LOOK = 200

/** Never throws: of a store that does not answer, nothing is known. */
export async function readFreshness(rollups: ReadonlyMap<string, Rollup>, callOnce: Engine['callOnce']): Promise<JudgeFreshness> {
  const asked = [...rollups.keys()].map((rollup) => ({ rollup, limit: LOOK }))
  const known = await callOnce('windows.state', (store) => windowsOf(store).state({ rollups: asked })).catch(() => null)
  return (sinceOf) =>
    [...rollups.values()].map(({ name, policy }, index) => {
      const state = known?.states[index] ?? null
      const freshness =
        known === null || state === null ? null : judgeFreshness(policy, state, { now: known.storeNow, since: sinceOf(name) })
      return { rollup: name, freshness }
    })
}
