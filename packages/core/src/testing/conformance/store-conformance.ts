/** The conformance suite: what every store must do, for any test runner. */
import assert from 'node:assert/strict'
import type { StoreCapabilities } from '../../store/store.ts'
import type { CaseGroup, ConformanceCase } from './conformance-case.ts'
import { CASE_GROUPS } from './case-groups.ts'
import { createTrial, type ConformanceHarness, type TrialOptions } from './trial.ts'

/** A runner's `it`. With `skip`, cases that are left out show in its report, each with the reason. */
export interface ConformanceIt {
  (name: string, body: () => Promise<void>): unknown
  readonly skip?: (name: string, body: () => Promise<void>) => unknown
}

/** What {@link storeConformance} needs of a runner and of a store. */
export interface ConformanceOptions {
  /** Of any runner: vitest, `node:test`, … */
  readonly describe: (name: string, body: () => void) => unknown
  readonly it: ConformanceIt
  /** A fresh, empty store for each case. */
  readonly create: () => Promise<ConformanceHarness> | ConformanceHarness
  /** What the store declares. Absent means the default; cases that need more are left out. */
  readonly capabilities?: StoreCapabilities
  /** Cases to leave out, each with its reason: `'group: name'` → reason. A name that no case has is an error. */
  readonly skip?: Readonly<Record<string, string>>
  /** Factor on every duration where a case really waits: on the store's own clock without `advance`. Default 0.1. */
  readonly scale?: number
  /** Seeds of the contention cases. Default 1 to 3. */
  readonly seeds?: readonly number[]
}

/**
 * Declares the whole suite with the given runner. Each case gets a store of its own. Most run twice:
 * with `now` given, and on the store's own clock.
 *
 * @example
 * storeConformance({ describe, it, create: async () => ({ store: myStore(), close: async () => {} }) })
 */
export function storeConformance(options: ConformanceOptions): void {
  checkSkips(options)
  for (const group of CASE_GROUPS) {
    options.describe(group.name, () => {
      for (const one of group.cases) declareCase(options, group, one)
    })
  }
}

function declareCase(options: ConformanceOptions, group: CaseGroup, one: ConformanceCase): void {
  const reason = options.skip?.[caseTitle(group, one)] ?? missingCapability(options, one)
  if (reason !== undefined) {
    options.it.skip?.(`${one.name} (left out: ${reason})`, () => Promise.resolve())
    return
  }
  options.it(`${one.name} (now given)`, () => runCase(options, one, 'given'))
  if (one.clocks === 'both') options.it(`${one.name} (own clock)`, () => runCase(options, one, 'own'))
}

function missingCapability({ capabilities }: ConformanceOptions, { needs = [] }: ConformanceCase): string | undefined {
  const missing = needs.find((name) => capabilities?.[name] !== true)
  return missing === undefined ? undefined : `the store declares no ${missing}`
}

async function runCase(options: ConformanceOptions, one: ConformanceCase, clock: TrialOptions['clock']): Promise<void> {
  const harness = await options.create()
  try {
    assertCapabilities(options, harness.store.capabilities)
    const trial = await createTrial(harness, { clock, scale: options.scale ?? 0.1, seeds: options.seeds ?? [1, 2, 3] })
    await one.run(trial)
  } finally {
    await harness.close()
  }
}

/** What the suite was told and what the store declares must be one. */
function assertCapabilities({ capabilities = {} }: ConformanceOptions, declared: StoreCapabilities): void {
  for (const name of ['shared', 'durable', 'transactions', 'hints', 'windows', 'looksAhead', 'waitsToFire'] as const) {
    const byDefault = name === 'shared' || name === 'durable'
    assert.equal(
      capabilities[name] ?? byDefault,
      declared[name] ?? byDefault,
      `capability ${name}: told to the suite and declared by the store`,
    )
  }
}

function caseTitle(group: CaseGroup, one: ConformanceCase): string {
  return `${group.name}: ${one.name}`
}

function checkSkips(options: ConformanceOptions): void {
  const titles = new Set(CASE_GROUPS.flatMap((group) => group.cases.map((one) => caseTitle(group, one))))
  for (const [title, reason] of Object.entries(options.skip ?? {})) {
    if (!titles.has(title))
      throw new RangeError(`skip: there is no case ${JSON.stringify(title)}; give 'group: name' as the suite names it.`)
    if (reason.trim() === '') throw new RangeError(`skip: ${JSON.stringify(title)} has no reason; say why the store cannot do it.`)
  }
}
