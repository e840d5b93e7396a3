/** Assertions that the cases share; all throw node's `AssertionError`. */
import assert from 'node:assert/strict'
import { isTerminal } from '../../run/run-state.ts'
import type { Trial } from './trial.ts'

/** Compares only the fields that `expected` names. */
export function assertFields<T extends object>(actual: T, expected: Partial<T>, message?: string): void {
  const seen = Object.fromEntries(Object.keys(expected).map((field) => [field, actual[field as keyof T]]))
  assert.deepEqual(seen, { ...expected }, message)
}

/** The value, which must be there. */
export function present<T>(value: T | null | undefined, what: string): T {
  assert.ok(value !== null && value !== undefined, `${what} is missing`)
  return value
}

/** The first element, which must be the only one. */
export function only<T>(values: readonly T[], what: string): T {
  assert.equal(values.length, 1, `${what}: expected exactly one`)
  return present(values[0], what)
}

/** An instant that the store set while a verb ran, `offset` after its clock. */
export function assertInstant(actual: number | null | undefined, span: { readonly from: number; readonly to: number }, offsetMs = 0): void {
  assert.ok(typeof actual === 'number', `expected an instant, got ${String(actual)}`)
  assert.ok(
    actual >= span.from + offsetMs && actual <= span.to + offsetMs,
    `expected an instant in [${span.from + offsetMs}, ${span.to + offsetMs}], got ${actual}`,
  )
}

/** Every gate holds exactly what its holders hold, within its limit. */
export async function assertGatesSound(t: Trial): Promise<void> {
  const { gates } = await t.store.runs.gates({})
  for (const { gate, held, holders, limit } of gates) {
    assert.equal(held, holders, `gate ${gate}: held ${held}, holders ${holders}`)
    assert.ok(held <= limit, `gate ${gate}: held ${held} of ${limit}`)
  }
}

/** The ledger's own sum: `slots` = kept runs + counted skips + folded records. */
export async function assertLedgerSound(t: Trial, ref: { readonly job: string; readonly name: string }): Promise<void> {
  const page = await t.store.schedules.ledger({ ...ref, after: null, limit: 1_000 })
  const schedule = present(page.schedule, `schedule ${ref.job}/${ref.name}`)
  assert.equal(page.more, false)
  const skipped = page.skips.reduce((sum, skip) => sum + (skip.count ?? 0), 0)
  const folded = Object.values(page.folded).reduce((sum, count) => sum + count, 0)
  assert.equal(page.runs.length + skipped + folded, schedule.slots, `ledger of ${ref.job}/${ref.name}: kept + skipped + folded ≠ slots`)
  const slots = page.runs.map((run) => run.slot)
  assert.equal(new Set(slots).size, slots.length, `ledger of ${ref.job}/${ref.name}: a slot has two records`)
  for (const slot of slots) assert.ok(slot <= schedule.cursor, `ledger of ${ref.job}/${ref.name}: slot ${slot} lies after the cursor`)
}

/** No run of these is alive any more. */
export async function assertAllTerminal(t: Trial, ids: readonly string[]): Promise<void> {
  const { runs } = await t.store.runs.get({ ids })
  for (const run of runs) assert.ok(run !== null && isTerminal(run.state), `run ${run?.id ?? '?'} is ${run?.state ?? 'gone'}`)
}
