/** Percentiles of a few hundred numbers. */

/** The unit is that of the samples; null when there are none. */
export interface SamplePercentiles {
  readonly p50: number | null
  readonly p95: number | null
  readonly p99: number | null
}

/** Nearest-rank percentiles: each answer is one of the samples. */
export function percentilesOf(samples: Iterable<number>): SamplePercentiles {
  const sorted = Float64Array.from(samples).sort()
  return { p50: nearestRank(sorted, 50), p95: nearestRank(sorted, 95), p99: nearestRank(sorted, 99) }
}

function nearestRank(sorted: Float64Array, percent: number): number | null {
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? null
}
