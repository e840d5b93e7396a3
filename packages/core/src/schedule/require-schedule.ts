/** Tells schedules from what people write in their place. */
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { shown } from '../errors/shown.ts'
import type { Schedule } from './schedule.ts'

/** True for what `cron`, `every` and `at` return, whichever copy of the package made it. */
export function isSchedule(value: unknown): value is Schedule {
  if (typeof value !== 'object' || value === null) return false
  const { spec, excludes } = value as Partial<Schedule>
  return typeof spec === 'object' && spec !== null && Array.isArray(excludes)
}

/** Throws `InvalidOption`, with what to write instead, unless `value` is one schedule. */
export function requireSchedule(value: unknown, field: string): asserts value is Schedule {
  if (!isSchedule(value)) throw new QuarterjackError('InvalidOption', `${field}: ${explainSchedule(value)}`)
}

/** Why a value is no schedule, and what to write instead. */
export function explainSchedule(value: unknown): string {
  return `${shown(value)} is not a schedule. ${remedyOf(value)}`
}

const NICKNAME_OR_FIELDS = /^@\w+$|^\S+(?:\s+\S+){4,5}$/
const STEP = /^\d+(?:\.\d+)?\s*(?:ms|[smhdwy])$/

function remedyOf(value: unknown): string {
  if (typeof value === 'string') {
    const text = value.trim()
    if (NICKNAME_OR_FIELDS.test(text)) return `Write cron(${shown(text)}).`
    if (STEP.test(text)) return `Write every(${shown(text)}).`
  }
  if (Array.isArray(value)) return 'Give one here; several have a key each.'
  if (typeof value === 'object' && value !== null) {
    const factory = (['cron', 'every', 'at'] as const).find((name) => Object.hasOwn(value, name))
    if (factory !== undefined) return `Write ${factory}(${shown((value as Record<string, unknown>)[factory])}).`
  }
  if (typeof value === 'function') return 'Call it: cron(…), every(…) or at(…).'
  return 'Make one with cron(), every() or at().'
}
