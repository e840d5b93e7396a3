/** Options of `commitWith`. */
import type { Duration } from '@quarterjack/core'
import { checkedOptions } from '@quarterjack/core/store'
import * as z from 'zod/mini'

/** How a handler's transaction is bounded. */
export interface CommitOptions {
  /**
   * How long the transaction may take, from its first statement to its commit. Keep it well below the scheduler's `lease`:
   * a process that freezes holds its locks for up to this long. At most an hour. Default `'10s'`.
   */
  readonly within?: Duration
}

/** What {@link CommitOptions} leave open. */
const DEFAULT_WITHIN_MS = 10_000

const MOST_MS = 3_600_000

const optionsSchema = z.strictObject({
  within: z.optional(
    z.custom<Duration>((value) => {
      const ms = toMs(value)
      return ms !== null && ms >= 1 && ms <= MOST_MS
    }, 'use milliseconds or "500ms", "10s", "1m", at most "1h"'),
  ),
})

export function resolveCommitOptions(options: CommitOptions = {}): { readonly withinMs: number } {
  const { within } = checkedOptions(optionsSchema, options, { what: 'commitWith' })
  return { withinMs: within === undefined ? DEFAULT_WITHIN_MS : (toMs(within) as number) }
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** As everywhere else in the library; longer units are out of bounds in any case. */
function toMs(value: unknown): number | null {
  if (typeof value === 'number') return Number.isInteger(value) ? value : null
  const match = typeof value === 'string' ? /^(\d+(?:\.\d+)?)\s*(ms|s|m|h)$/.exec(value.trim()) : null
  return match === null ? null : Math.round(Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? Number.NaN))
}
