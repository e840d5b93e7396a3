/** Latencies between two looks. */
import type { Spread } from './soak-plan.ts'

/** Gathers them. */
export interface Latencies {
  add(ms: number): void
  /** Answers, and begins anew. */
  take(): Spread
}

export function createLatencies(): Latencies {
  let values: number[] = []
  return {
    add: (ms) => void values.push(ms),
    take() {
      const sorted = values.sort((a, b) => a - b)
      values = []
      return { count: sorted.length, p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) }
    },
  }
}

/** By nearest rank, of values in ascending order; 0 of none. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0
}
