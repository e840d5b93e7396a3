/** A schedule in the words that the facade uses too. */
import type { ScheduleSpec } from '../schedule/schedule.ts'
import { formatDuration } from '../time/duration.ts'

/** `cron "0 5 * * * *" in Europe/Berlin`, `every 6h`, `at 2026-01-01T00:00:00.000Z`. */
export function describeSpec(spec: ScheduleSpec): string {
  const zone = spec.timeZone === undefined || spec.timeZone === 'UTC' ? '' : ` in ${spec.timeZone}`
  if (spec.kind === 'cron') return `cron "${spec.expression}"${zone}`
  return spec.kind === 'every' ? `every ${formatDuration(spec.everyMs)}` : `at ${new Date(spec.at).toISOString()}`
}
