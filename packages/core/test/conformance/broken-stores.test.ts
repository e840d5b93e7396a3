/** The suite finds every defect it must find; on the full tier every case is run against every broken store. */
import { AssertionError } from 'node:assert'
import { describe, expect, it } from 'vitest'
import { BROKEN_STORES } from './broken-stores.ts'
import { collectCases, failureOf, type CollectedCase } from './collect-cases.ts'
import { MEMORY_CAPABILITIES, memoryHarness } from './memory-harness.ts'
import { withVerbs, type BrokenStore } from './broken/with-verbs.ts'

const isFull = (process.env.QJ_TEST_TIER ?? '') !== ''

function casesFor(broken: BrokenStore): readonly CollectedCase[] {
  return collectCases({ create: () => memoryHarness(broken.wrap), capabilities: MEMORY_CAPABILITIES, seeds: [1, 2] })
}

describe('broken stores', () => {
  it.each(BROKEN_STORES.map((broken) => [broken.defect, broken] as const))('found: %s', async (_, broken) => {
    const named = casesFor(broken).filter((one) => one.title === broken.fails)
    expect(named, `there is a case "${broken.fails}"`).not.toHaveLength(0)
    const failures = (await Promise.all(named.map(failureOf))).filter((failure) => failure !== null)
    expect(failures, `case "${broken.fails}" must fail`).not.toHaveLength(0)
    // A failure counts only if it is the suite that objects, not the wrapper that stumbles.
    for (const failure of failures) expect(failure).toBeInstanceOf(AssertionError)
  })

  it('are broken by their defect alone: the same wrapper without one passes', async () => {
    const titles = new Set(BROKEN_STORES.map((broken) => broken.fails))
    const cases = casesFor({ defect: 'none', fails: '', wrap: (store) => withVerbs(store, {}) }).filter((one) => titles.has(one.title))
    expect(new Set(cases.map((one) => one.title))).toEqual(titles)
    for (const one of cases) expect(await failureOf(one), one.title).toBeNull()
  })

  it('are all different', () => {
    expect(new Set(BROKEN_STORES.map((broken) => broken.defect)).size).toBe(BROKEN_STORES.length)
  })

  if (isFull) {
    it.each(BROKEN_STORES.map((broken) => [broken.defect, broken] as const))('whole suite: %s', async (_, broken) => {
      const failed = new Set<string>()
      for (const one of casesFor(broken)) if ((await failureOf(one)) !== null) failed.add(one.title)
      expect([...failed]).toContain(broken.fails)
    })
  }
})
