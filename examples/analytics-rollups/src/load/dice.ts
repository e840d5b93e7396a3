/** Chance that is the same on every machine. */

export interface Dice {
  /** In [0, 1). */
  next(): number
  /** A whole number from `min` to `max`. */
  whole(min: number, max: number): number
  pick<T>(items: readonly T[]): T
}

// https://gist.github.com/tommyettinger/46a874533244883189143505d203312c
export function createDice(seed: number): Dice {
  let state = seed
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const whole = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1))
  return {
    next,
    whole,
    pick(items) {
      const item = items[whole(0, items.length - 1)]
      if (item === undefined) throw new Error('There is nothing to pick from.')
      return item
    },
  }
}
