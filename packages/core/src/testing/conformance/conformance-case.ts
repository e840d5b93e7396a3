/** A case of the conformance suite, and how a group of them is written down. */
import type { Trial } from './trial.ts'

/** One thing that every store must do. */
export interface ConformanceCase {
  /** A sentence, unique in its group. */
  readonly name: string
  /** `both`: run with `now` given and again on the store's own clock; `given`: it spans more time than a real clock could wait. */
  readonly clocks: 'both' | 'given'
  /** Only for stores that declare these capabilities. */
  readonly needs?: readonly ('hints' | 'transactions' | 'windows' | 'looksAhead' | 'waitsToFire')[]
  readonly run: (t: Trial) => Promise<void>
}

/** The cases about one part of the contract. */
export interface CaseGroup {
  readonly name: string
  readonly cases: readonly ConformanceCase[]
}

/** A case that holds whichever clock decides. It may only wait for a few (scaled) seconds. */
export function both(name: string, run: ConformanceCase['run']): ConformanceCase {
  return { name, clocks: 'both', run }
}

/** A case that needs `now` to be given. */
export function given(name: string, run: ConformanceCase['run']): ConformanceCase {
  return { name, clocks: 'given', run }
}

/** A case about rollups, for stores that keep them. */
export function windowed(name: string, run: ConformanceCase['run']): ConformanceCase {
  return { name, clocks: 'given', needs: ['windows'], run }
}
