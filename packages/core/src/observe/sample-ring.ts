/** The newest N measurements of something, in bounded memory. */
import { percentilesOf, type SamplePercentiles } from './percentiles.ts'

/** See {@link createSampleRing}. */
export interface SampleRing {
  /** Forgets the oldest sample when full. Whatever is not a finite number is ignored. */
  add(sample: number): void
  /** Oldest first. */
  values(): readonly number[]
  /** The newest; null without any. */
  last(): number | null
  percentiles(): SamplePercentiles
}

/** Keeps the newest `capacity` samples: eight bytes each, taken at once. */
export function createSampleRing(capacity: number): SampleRing {
  const samples = new Float64Array(Math.max(1, capacity))
  let added = 0
  const values = (): readonly number[] => {
    const start = added % samples.length
    return added < samples.length ? Array.from(samples.subarray(0, added)) : [...samples.subarray(start), ...samples.subarray(0, start)]
  }
  return {
    add(sample) {
      if (!Number.isFinite(sample)) return
      samples[added % samples.length] = sample
      added += 1
    },
    values,
    last: () => (added === 0 ? null : (samples[(added - 1) % samples.length] ?? null)),
    percentiles: () => percentilesOf(values()),
  }
}
