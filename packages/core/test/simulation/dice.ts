/** Seeded draws, by the words that the simulation uses. */
import { seededRandom, type Random } from '../../src/random/random.ts'

export interface Dice {
  readonly random: Random
  chance(probability: number): boolean
  /** A whole number from `least` to `most`, both included. */
  int(least: number, most: number): number
  /** Exponentially distributed: many small values, a few large ones. */
  exponential(mean: number): number
  pick<T>(from: readonly T[]): T
  /** One of the keys, by weight; null when every weight is 0. */
  weighted<K extends string>(weights: Readonly<Partial<Record<K, number>>>): K | null
}

/** One stream of draws. Streams of one seed are told apart by `stream`, so that a change in one leaves the others alone. */
export function createDice(seed: number, stream: string): Dice {
  let mixed = seed >>> 0
  for (const char of stream) mixed = Math.imul(mixed ^ char.charCodeAt(0), 0x01000193) ^ (mixed >>> 15)
  const random = seededRandom(mixed)
  // The first draws of neighbouring seeds are alike.
  for (let skipped = 0; skipped < 3; skipped++) random()
  return {
    random,
    chance: (probability) => random() < probability,
    int: (least, most) => least + Math.floor(random() * (most - least + 1)),
    exponential: (mean) => -Math.log(1 - random()) * mean,
    pick: (from) => from[Math.floor(random() * from.length)] as (typeof from)[number],
    weighted(weights) {
      const entries = Object.entries(weights) as [keyof typeof weights & string, number][]
      let left = random() * entries.reduce((sum, [, weight]) => sum + weight, 0)
      for (const [key, weight] of entries) {
        left -= weight
        if (weight > 0 && left < 0) return key as never
      }
      return null
    },
  }
}
