/** Hunts one mutant with seed after seed, until a simulation finds it out. */
import { buildMutant } from './build-mutant.ts'
import type { Invariant } from './history.ts'
import type { Mutant } from './mutants.ts'
import { simulate } from './simulate.ts'
import { loadSubject } from './subject.ts'

export interface HuntResult {
  readonly mutant: string
  /** Seeds that were tried; the last one found it. */
  readonly seeds: number
  /** null: the mutant survived. */
  readonly caught: { readonly seed: number; readonly invariant: Invariant; readonly detail: string } | null
}

/** Tries seeds 1 to `bound`. */
export async function hunt(mutant: Mutant, bound: number): Promise<HuntResult> {
  const built = buildMutant(mutant)
  try {
    const subject = await loadSubject(built.root)
    for (let seed = 1; seed <= bound; seed++) {
      const [violation] = (await simulate({ seed, subject })).violations
      if (violation !== undefined) {
        return { mutant: mutant.name, seeds: seed, caught: { seed, invariant: violation.invariant, detail: violation.detail } }
      }
    }
    return { mutant: mutant.name, seeds: bound, caught: null }
  } finally {
    built.remove()
  }
}
