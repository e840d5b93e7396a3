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
