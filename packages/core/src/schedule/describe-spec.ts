/** A spec in words. */
import { formatDuration } from '../time/duration.ts'
import type { ScheduleSpec } from './schedule.ts'

/** `cron "5 * * * *" in Europe/Berlin`, `every 6h`, `at 2026-01-01T00:00:00.000Z`, and what limits it. */
export function describeSpec(spec: ScheduleSpec): string {
  const exclusions = (spec.excludeDays?.length ?? 0) + (spec.excludeRanges?.length ?? 0)
  return [
    describeKind(spec),
    ...(spec.startAt === undefined ? [] : [`from ${iso(spec.startAt)}`]),
    ...(spec.endAt === undefined ? [] : [`until ${iso(spec.endAt)}`]),
    ...(spec.jitterMs === undefined ? [] : [`jitter ${formatDuration(spec.jitterMs)}`]),
    ...(exclusions === 0 ? [] : [`${exclusions} ${exclusions === 1 ? 'exclusion' : 'exclusions'}`]),
  ].join(', ')
}

function describeKind(spec: ScheduleSpec): string {
  const zone = spec.timeZone === undefined || spec.timeZone === 'UTC' ? '' : ` in ${spec.timeZone}`
  if (spec.kind === 'cron') return `cron "${spec.expression.replace(/^0 /, '')}"${zone}`
  if (spec.kind === 'at') return `at ${iso(spec.at)}`
  return `every ${formatDuration(spec.everyMs)}${describeAnchor(spec.anchorAt)}`
}

function describeAnchor(anchorAt: number | 'registration'): string {
  if (anchorAt === 0) return ''
  return anchorAt === 'registration' ? ' from its registration' : ` counted from ${iso(anchorAt)}`
}

function iso(at: number): string {
  return new Date(at).toISOString()
}
