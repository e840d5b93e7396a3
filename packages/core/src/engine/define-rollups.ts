/** Writes the definitions of rollups, each by compare-and-set on its generation. */
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { planRefresh } from '../rollup/plan-refresh.ts'
import type { RollupDeps } from '../rollup/refresh-work.ts'
import type { Rollup } from '../rollup/rollup.ts'
import { definitionOf, readRollup } from '../rollup/stored-rollup.ts'
import type { Mark, RollupRecord } from '../store/window-records.ts'
import type { RollupDefinition, RollupState } from '../store/windows.ts'

/** How often a definition that lost a race is written again. */
const MAX_ROUNDS = 20
/** Records that one look brings: where there are more, a run looks for itself. */
const LOOK = 100

/** A rollup as it stands in the store. */
export interface DefinedRollup {
  readonly rollup: Rollup
  readonly record: RollupRecord
  /** A run that marks ask for would find something to do, now or later: windows that were given up, or wait for a child, are no such thing. */
  readonly isBehind: boolean
}

/** Throws `StoreUnavailable` when others change the definitions in a loop. */
export async function defineRollups(rollups: readonly Rollup[], { call }: Pick<RollupDeps, 'call'>): Promise<readonly DefinedRollup[]> {
  // Theirs first, then those that they come after.
  const names = [...new Set([...rollups.map(({ name }) => name), ...rollups.flatMap(({ policy }) => policy.after)])]
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const { states, storeNow } = await call('windows.state', (windows) =>
      windows.state({ rollups: names.map((rollup) => ({ rollup, limit: LOOK })) }),
    )
    const wanted = rollups.map((rollup, index) => definitionOf(rollup, states[index]?.record.generation ?? 0))
    const missing = wanted.filter(({ hash }, index) => states[index]?.record.hash !== hash)
    if (missing.length === 0) {
      return rollups.map((rollup, index) => {
        const state = states[index] as RollupState
        return { rollup, record: state.record, isBehind: isBehind({ rollup, state, now: storeNow, children: childrenOf(rollup, states) }) }
      })
    }
    // In one write: whoever ends here has done all of it or nothing, and a later start does it.
    const definitions = missing.map((definition) => ({ ...definition, marks: historyMarks(definition, states, storeNow) }))
    await call('windows.define', (windows) => windows.define({ rollups: definitions }))
  }
  throw new QuarterjackError(
    'StoreUnavailable',
    `definition of ${names.join(', ')} lost ${MAX_ROUNDS} races in a row. Is another process changing these definitions in a loop?`,
  )
}

/** Watermarks of what it comes after; what is not known yet has come nowhere. */
function childrenOf({ policy }: Rollup, states: readonly (RollupState | null)[]): readonly number[] {
  return policy.after.map((child) => states.find((state) => state?.record.rollup === child)?.record.watermark ?? Number.NEGATIVE_INFINITY)
}

interface Standing {
  readonly rollup: Rollup
  readonly state: RollupState
  readonly now: number
  readonly children: readonly number[]
}

function isBehind({ rollup: { policy }, state, now, children }: Standing): boolean {
  // What is held may have lost its run, and what is tried again, the one that was to come for it.
  if (state.counts.held > 0 || state.nextRetryAt !== null) return true
  const plan = planRefresh({
    rollup: policy,
    state,
    now,
    runId: '',
    children,
    isSweep: false,
    looksBack: false,
    taken: new Set(),
    drainedAt: null,
    page: null,
    most: 1,
  })
  return plan.bids.length > 0 || plan.pass !== null || plan.page !== null || plan.needsDrain
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
