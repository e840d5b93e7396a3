/**
 * `run_row(r, job)` and `history_row(h, job)`: a run as a positional array, in the order that `rows/run-row.ts` reads: a third
 * of the bytes of an object, and as quick to read as any. What most runs do not have stands in a second array, or null. The
 * planner inlines them. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'

export const runRow: SqlFunction = {
  name: 'run_row',
  sql: /* sql */ `
create or replace function run_row(r runs, p_job text) returns json language sql stable as $$
  select json_build_array(r.id, p_job, r.key, r.trigger, r.schedule, r.slot, r.payload, r.priority, r.run_at, r.created_at, r.started_at,
    r.overlap, case when r.gates = '{}' then null else r.gates end, r.attempt, r.owner, r.fence, r.triggers,
    case when r.state <> 'running' or r.attempt > 1 or r.suspect or r.merging is not null or r.cancel_requested is not null
        or r.progress is not null or r.replay_of is not null or r.trace is not null or cardinality(r.attempts) > 0
      then json_build_array(r.state, r.failures, r.crashes, r.suspect, r.open, r.merging, r.cancel_requested, r.progress, r.error,
        r.attempts, r.replay_of, null, null, null, r.trace)
    end)
$$`,
}

export const historyRow: SqlFunction = {
  name: 'history_row',
  sql: /* sql */ `
create or replace function history_row(h history, p_job text) returns json language sql stable as $$
  select json_build_array(h.id, p_job, h.key, h.trigger, h.schedule, h.slot, h.payload, h.priority, h.run_at, h.created_at, h.started_at,
    h.overlap, case when h.gates = '{}' then null else h.gates end, h.attempt, null, h.fence, h.triggers,
    json_build_array(h.state, h.failures, h.crashes, h.suspect, false, h.merging, h.cancel_requested, h.progress, h.error,
      history_attempts(h), h.replay_of, h.finished_at, h.reason, h.result, h.trace))
$$`,
}
