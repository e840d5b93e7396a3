/** The seeds of a tier, in two halves: each is a file of its own, so that two processes share them. */
import { expect, it } from 'vitest'
import { ownSubject } from './own-subject.ts'
import { simulate } from './simulate.ts'

const TIERS: Readonly<Record<string, number>> = { full: 2_000, soak: 6_000 }
const SEEDS = TIERS[process.env.QJ_TEST_TIER ?? ''] ?? 200
const CHUNK = 20

/** One test for each second chunk of them. */
export function itKeepsEveryPromise(half: 'odd' | 'even'): void {
  const chunks = Array.from({ length: SEEDS / CHUNK }, (_, index) => index).filter((index) => (index % 2 === 0) === (half === 'odd'))
  it.for(chunks.map((index) => index * CHUNK + 1))(`seeds %i to + ${CHUNK - 1} keep every promise`, { timeout: 300_000 }, async (from) => {
    const failures: string[] = []
    for (let seed = from; seed < from + CHUNK; seed++) {
      const { violations } = await simulate({ seed, subject: ownSubject })
      for (const { invariant, detail, atS } of violations)
        failures.push(`pnpm sim --seed ${seed} --trace: after ${atS} s: ${invariant}: ${detail}`)
    }
    expect(failures).toEqual([])
  })
}
