/** A tiny runner: collects the cases of the suite, to be run one by one. */
import { storeConformance, type ConformanceOptions } from '../../src/testing/conformance/store-conformance.ts'

/** A case as it was declared. */
export interface CollectedCase {
  /** `group: name`, without the clock. */
  readonly title: string
  readonly clock: string
  readonly run: () => Promise<void>
}

/** Every case that the suite declares for a store. */
export function collectCases(options: Omit<ConformanceOptions, 'describe' | 'it'>): readonly CollectedCase[] {
  const cases: CollectedCase[] = []
  let group = ''
  storeConformance({
    ...options,
    describe: (name, body) => {
      group = name
      body()
    },
    it: (name, run) => {
      const [, title = name, clock = ''] = /^(.*) \(([^)]*)\)$/.exec(name) ?? []
      cases.push({ title: `${group}: ${title}`, clock, run })
    },
  })
  return cases
}

/** What a case throws, or `null`. */
export async function failureOf(one: CollectedCase): Promise<unknown> {
  try {
    await one.run()
    return null
  } catch (error) {
    return error ?? new Error('rejected without a reason')
  }
}
