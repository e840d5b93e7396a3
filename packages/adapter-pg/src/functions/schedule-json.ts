/** `schedule_json(schedule, job)`: a schedule as the contract's record, under the name of its job. Internal. */
import type { SqlFunction } from '../schema/sql-function.ts'

export const scheduleJson: SqlFunction = {
  name: 'schedule_json',
  sql: /* sql */ `
create or replace function schedule_json(s schedules, p_job text) returns json language sql stable as $$
  select json_build_object(
    'job', p_job,
    'name', s.name,
    'key', s.key,
    'incarnation', s.incarnation,
    'generation', s.generation,
    'spec', s.spec,
    'payload', s.payload,
    'cursor', s.cursor,
    'nextSlot', s.next_slot,
    'nextDueAt', s.next_due_at,
    'suspended', case when s.suspended_at is not null then json_build_object('at', s.suspended_at, 'reason', s.suspended_reason) end,
    'suspendedStretches', s.suspended_stretches,
    'slots', s.slots,
    'folded', s.folded,
    'horizon', s.horizon,
    'history', s.history,
    'createdAt', s.created_at,
    'quarantined', s.quarantined
  )
$$`,
}
