/** How fresh rollups are: one call to the store for all of them. */
import type { Engine } from '../engine/engine.ts'
import type { RollupFacts } from '../health/health-facts.ts'
import { judgeFreshness } from '../rollup/freshness.ts'
import type { Rollup } from '../rollup/rollup.ts'
import type { ScheduleRecord } from '../store/records.ts'
import type { WindowStore } from '../store/windows.ts'
import { windowsOf } from '../trigger/marker.ts'

/** Records of windows that one verdict looks at. */
const LOOK = 200

/** What the store knows of them; null: it did not answer. */
export type RollupStates = Pick<Awaited<ReturnType<WindowStore['state']>>, 'states' | 'storeNow'> | null

/** Never throws: of a store that does not answer, nothing is known. */
export async function readRollupStates(rollups: ReadonlyMap<string, Rollup>, callOnce: Engine['callOnce']): Promise<RollupStates> {
  if (rollups.size === 0) return null
  const asked = [...rollups.keys()].map((rollup) => ({ rollup, limit: LOOK }))
  return callOnce('windows.state', (store) => windowsOf(store).state({ rollups: asked })).catch(() => null)
}

/** `sinceOf`: when the job of a rollup was first registered; null: it is not known. */
export function freshnessOf(
  rollups: ReadonlyMap<string, Rollup>,
  known: RollupStates,
  sinceOf: (rollup: string) => number | null,
): readonly RollupFacts[] {
  return [...rollups.values()].map(({ name, policy }, index) => {
    const state = known?.states[index] ?? null
    const freshness = known === null || state === null ? null : judgeFreshness(policy, state, { now: known.storeNow, since: sinceOf(name) })
    return { rollup: name, freshness }
  })
}

/** When the schedules of a job were first registered; null for a job without any. */
export function registeredSince(schedules: readonly ScheduleRecord[], job: string): number | null {
  const created = schedules.filter((one) => one.job === job).map(({ createdAt }) => createdAt)
  return created.length === 0 ? null : Math.min(...created)
}
