/** A debounce, from a job's definition or from one trigger. */
import { checkNames } from '../errors/check-call.ts'
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { shown } from '../errors/shown.ts'
import { parseDuration } from '../time/duration.ts'
import type { ResolvedDebounce } from './job.ts'
import type { AnyDebounce } from './trigger-options.ts'

const NAMES = ['wait', 'maxWait', 'leading', 'trailing', 'merge'] as const

/** The debounce in milliseconds, with defaults. Throws `InvalidOption` or `InvalidDuration` that names the field. */
export function resolveDebounce(options: AnyDebounce, field: string): ResolvedDebounce {
  checkNames(options, NAMES, field)
  const { wait, maxWait, leading = false, trailing = true, merge = 'last' } = options
  const waitMs = parseDuration(wait, `${field}.wait`)
  const maxWaitMs = maxWait === undefined ? null : parseDuration(maxWait, `${field}.maxWait`)
  if (maxWaitMs !== null && maxWaitMs < waitMs) {
    throw new QuarterjackError('InvalidOption', `${field}: wait (${shown(wait)}) is longer than maxWait (${shown(maxWait)}). Swap them.`)
  }
  if (!leading && !trailing) {
    throw new QuarterjackError('InvalidOption', `${field}: with trailing: false, leading must be true, or nothing would ever run.`)
  }
  if (typeof merge !== 'function' && merge !== 'last' && merge !== 'first') {
    throw new QuarterjackError(
      'InvalidOption',
      `${field}.merge: ${shown(merge)} is none. Use "last", "first" or a function (a, b) => merged.`,
    )
  }
  return { waitMs, maxWaitMs, leading, trailing, merge }
}
