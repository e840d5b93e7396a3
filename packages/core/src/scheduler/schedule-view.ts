/** Schedules as they are shown. */
import { describeSpec, parseSpec } from '../schedule/resolve-spec.ts'
import type { ScheduleRecord } from '../store/records.ts'
import { showPayload } from './run-view.ts'
import type { ScheduleView } from './scheduler.ts'

export function viewSchedule(record: ScheduleRecord, sensitive: readonly string[] | null): ScheduleView {
  return {
    job: record.job,
    name: record.name,
    key: record.key,
    kind: record.name.startsWith('#') ? 'static' : 'dynamic',
    description: describeText(record.spec),
    state: stateOf(record),
    cursor: new Date(record.cursor),
    nextSlot: record.nextSlot === null ? null : new Date(record.nextSlot),
    nextDueAt: record.nextDueAt === null ? null : new Date(record.nextDueAt),
    slots: record.slots,
    payload: showPayload(record.payload, sensitive),
    suspended: record.suspended === null ? null : { at: new Date(record.suspended.at), reason: record.suspended.reason },
  }
}

function stateOf(record: ScheduleRecord): ScheduleView['state'] {
  if (record.quarantined !== null) return 'quarantined'
  if (record.suspended !== null) return 'suspended'
  return record.nextSlot === null ? 'exhausted' : 'active'
}

function describeText(spec: string): string {
  try {
    return describeSpec(parseSpec(spec))
  } catch {
    return 'not readable'
  }
}
