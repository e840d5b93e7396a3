/** The seam to randomness: the only place in core that draws real random numbers. */
import { randomFillSync } from 'node:crypto'

/** A number in [0, 1). */
export type Random = () => number

const pool = new Uint32Array(256)
let used = pool.length

/** From the operating system's generator, drawn in blocks. */
export const systemRandom: Random = () => {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  return (pool[used++] ?? 0) / 2 ** 32
}

/** Repeatable numbers from a seed (mulberry32), for tests and simulations. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
