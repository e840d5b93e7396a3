/** `scheduler.mark`: from what users say to marks in the log. */
import { checkNames } from '../errors/check-call.ts'
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { shown } from '../errors/shown.ts'
import type { Store } from '../store/store.ts'
import type { Mark, MarkKind } from '../store/window-records.ts'
import { toInstant } from '../time/instant.ts'
import type { Marker } from '../trigger/marker.ts'
import type { MarkedTime, MarkOptions, MarkTarget } from './rollups.ts'
import type { Scheduler } from './scheduler.ts'

const KINDS: readonly MarkKind[] = ['added', 'changed', 'removed']
const MOST_MARKS = 100_000

export interface MarkDeps {
  readonly store: Store
  readonly open: () => Promise<void>
  readonly marker: Marker
}

export function createMark({ store, open, marker }: MarkDeps): Scheduler['mark'] {
  return async (target, when, options = {}) => {
    const marks = marksOf(target, when, options)
    if (options.tx !== undefined && store.capabilities.transactions !== true) {
      throw new QuarterjackError(
        'TransactionsUnsupported',
        `store "${store.name}" cannot join a transaction: mark without tx, after the commit, or use a store whose capabilities say "transactions".`,
      )
    }
    if (marks.length === 0) return
    await open()
    await (options.tx === undefined ? marker.mark(marks) : marker.markWith(marks, options.tx))
  }
}

/** Throws `InvalidOption` or `InvalidInstant` that names what is wrong, before anything is written. */
function marksOf(target: MarkTarget, when: MarkedTime | readonly MarkedTime[], options: MarkOptions): readonly Mark[] {
  checkNames(options, ['kind', 'tx'], 'mark')
  const { kind = 'changed' } = options
  if (!KINDS.includes(kind)) {
    throw new QuarterjackError('InvalidOption', `mark: kind: ${shown(kind)} is none of ${KINDS.join(', ')}.`)
  }
  const source = sourceOf(target)
  const times = Array.isArray(when) ? (when as readonly MarkedTime[]) : [when as MarkedTime]
  if (times.length > MOST_MARKS) {
    throw new QuarterjackError(
      'InvalidOption',
      `mark: ${times.length} instants are more than ${MOST_MARKS}; mark ranges, or call it several times.`,
    )
  }
  return times.map((time, index) => ({ source, kind, ...rangeOf(time, times.length === 1 ? 'mark: when' : `mark: when[${index}]`) }))
}

function sourceOf(target: MarkTarget): string {
  const name = typeof target === 'string' ? target : (target as { readonly name?: unknown } | null)?.name
  if (typeof name === 'string' && name !== '') return name
  throw new QuarterjackError('InvalidOption', `mark: ${shown(target)} is neither a rollup nor the name of a source.`)
}

function rangeOf(time: MarkedTime, field: string): { readonly from: number; readonly to: number } {
  if (typeof time !== 'object' || time === null || time instanceof Date) {
    const at = toInstant(time, field)
    return { from: at, to: at + 1 }
  }
  checkNames(time, ['from', 'to'], field)
  const { from, to } = time as { readonly from: unknown; readonly to: unknown }
  const range = { from: toInstant(from, `${field}.from`), to: toInstant(to, `${field}.to`) }
  if (range.to > range.from) return range
  throw new QuarterjackError('InvalidOption', `${field}: to does not lie after from: the range [from, to) is empty. Swap them.`)
}
