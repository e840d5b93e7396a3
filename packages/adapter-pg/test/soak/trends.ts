/** Whether something grew while a soak went on. Pure. */
import { quantile } from './latencies.ts'

/** One thing that was measured again and again. */
export interface Series {
  readonly what: string
  readonly unit: 'MB' | 'ms' | 'rows' | ''
  readonly values: readonly number[]
  /** It may end at `times` what it was, and `plus` units more. */
  readonly times: number
  readonly plus: number
}

/** What became of it. */
export interface Trend {
  readonly what: string
  readonly unit: Series['unit']
  /** Median of the second quarter: the first is for warming up, and for filling what is kept. */
  readonly early: number
  /** Median of the last quarter. */
  readonly late: number
  readonly peak: number
  /** `late` may not be above it. */
  readonly bound: number
  readonly holds: boolean
}

/** Fewer values say nothing: throws. */
export const FEWEST_VALUES = 12

export function trendOf({ what, unit, values, times, plus }: Series): Trend {
  const { length } = values
  if (length < FEWEST_VALUES) throw new Error(`${what}: ${length} values are too few to see a trend; ${FEWEST_VALUES} are needed.`)
  if (!values.every(Number.isFinite)) throw new Error(`${what}: not every value is a number: ${values.join(', ')}.`)
  const early = median(values.slice(Math.floor(length / 4), Math.floor(length / 2)))
  const late = median(values.slice(Math.floor((3 * length) / 4)))
  const bound = early * times + plus
  return { what, unit, early, late, peak: Math.max(...values), bound, holds: late <= bound }
}

function median(values: readonly number[]): number {
  return quantile(
    [...values].sort((a, b) => a - b),
    0.5,
  )
}
