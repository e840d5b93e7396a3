/** How fresh rollups are: one call to the store for all of them. */
import type { Engine } from '../engine/engine.ts'
import type { RollupFacts } from '../health/health-facts.ts'
import { judgeFreshness } from '../rollup/freshness.ts'
import type { Rollup } from '../rollup/rollup.ts'
import { windowsOf } from '../trigger/marker.ts'

/** Records of windows that one verdict looks at. */
const LOOK = 200

/** Never throws: of a store that does not answer, nothing is known. */
export async function readFreshness(rollups: ReadonlyMap<string, Rollup>, callOnce: Engine['callOnce']): Promise<readonly RollupFacts[]> {
  if (rollups.size === 0) return []
  const names = [...rollups.keys()]
  try {
    const { states, storeNow } = await callOnce('windows.state', (store) =>
      windowsOf(store).state({ rollups: names.map((rollup) => ({ rollup, limit: LOOK })) }),
    )
    return [...rollups.values()].map(({ name, policy }, index) => {
      const state = states[index] ?? null
      return { rollup: name, freshness: state === null ? null : judgeFreshness(policy, state, storeNow) }
    })
  } catch {
    return names.map((rollup) => ({ rollup, freshness: null }))
  }
}
