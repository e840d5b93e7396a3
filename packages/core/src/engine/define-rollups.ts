/** Writes the definitions of rollups, each by compare-and-set on its generation. */
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { dueEdge } from '../rollup/due.ts'
import type { RollupDeps } from '../rollup/refresh-work.ts'
import type { Rollup } from '../rollup/rollup.ts'
import { definitionOf, readRollup } from '../rollup/stored-rollup.ts'
import type { Mark, RollupRecord } from '../store/window-records.ts'
import type { RollupDefinition, RollupState } from '../store/windows.ts'

/** How often a definition that lost a race is written again. */
const MAX_ROUNDS = 20

/** A rollup as it stands in the store. */
export interface DefinedRollup {
  readonly rollup: Rollup
  readonly record: RollupRecord
  /** A window is due or dirty. */
  readonly isBehind: boolean
}

/** Throws `StoreUnavailable` when others change the definitions in a loop. */
export async function defineRollups(rollups: readonly Rollup[], { call }: Pick<RollupDeps, 'call'>): Promise<readonly DefinedRollup[]> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const { states, storeNow } = await call('windows.state', (windows) =>
      windows.state({ rollups: rollups.map(({ name }) => ({ rollup: name, limit: 1 })) }),
    )
    const wanted = rollups.map((rollup, index) => definitionOf(rollup, states[index]?.record.generation ?? 0))
    const missing = wanted.filter(({ hash }, index) => states[index]?.record.hash !== hash)
    if (missing.length === 0) {
      return rollups.map((rollup, index) => {
        const state = states[index] as RollupState
        return {
          rollup,
          record: state.record,
          isBehind: state.counts.dirty > 0 || dueEdge(rollup.policy, storeNow) > state.record.watermark,
        }
      })
    }
    // In one write: whoever ends here has done all of it or nothing, and a later start does it.
    const definitions = missing.map((definition) => ({ ...definition, marks: historyMarks(definition, states, storeNow) }))
    await call('windows.define', (windows) => windows.define({ rollups: definitions }))
  }
  const names = rollups.map(({ name }) => name).join(', ')
  throw new QuarterjackError(
    'StoreUnavailable',
    `definition of ${names} lost ${MAX_ROUNDS} races in a row. Is another process changing these definitions in a loop?`,
  )
}

/**
 * Of a rollup whose source is captured completely, windows without marks count as empty. What it has not been marked for yet is marked
 * when it is new, when its windows become other ones, and when it reads one more source.
 */
function historyMarks(definition: RollupDefinition, states: readonly (RollupState | null)[], now: number): readonly Mark[] {
  const record = states.find((state) => state?.record.rollup === definition.rollup)?.record
  const knowsAll =
    record !== undefined && record.edges === definition.edges && definition.sources.every((one) => record.sources.includes(one))
  if (knowsAll || !readRollup(definition).planning.isComplete || now <= definition.startAt) return []
  return [{ source: definition.rollup, from: definition.startAt, to: now, kind: 'changed' }]
}
