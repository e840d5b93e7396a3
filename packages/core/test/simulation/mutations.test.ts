import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { hunt } from './hunt.ts'
import { MORE_MUTANTS, MUTANTS } from './mutants.ts'

const isFull = ['full', 'soak'].includes(process.env.QJ_TEST_TIER ?? '')
const CHOSEN = isFull ? [...MUTANTS, ...MORE_MUTANTS] : MUTANTS
const BOUND = isFull ? 300 : 60

describe('the simulation finds faults that are put into the engine', () => {
  it.for(CHOSEN.map((mutant) => ({ ...mutant })))('$name', { timeout: 300_000 }, async (mutant) => {
    const { caught } = await hunt(mutant, BOUND)
    expect(caught, `no seed from 1 to ${BOUND} found the mutant "${mutant.name}"`).not.toBeNull()
  })
})

describe('faults that can be put into the engine', () => {
  it('are changes of its source as it is now, also those that only the fuller tiers look for', () => {
    const stale = [...MUTANTS, ...MORE_MUTANTS].flatMap(({ name, edits }) =>
      edits
        .filter(({ file, find }) => readFileSync(new URL(`../../src/${file}`, import.meta.url), 'utf8').split(find).length !== 2)
        .map(({ file }) => `${name}: ${file}`),
    )
    expect(stale).toEqual([])
  })
})
