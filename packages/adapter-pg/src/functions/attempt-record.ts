/**
 * `attempt_record(…)`: one finished attempt as it is kept with its run: the contract's record, and `runAt`, when it had been
 * due. `keep_attempts(attempts, record)`: adds it, keeps the newest 20. `history_attempts(h)`: those of a finished run; the one
 * that a settlement ended is not kept twice, but read from the row itself. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'

export const attemptRecord: SqlFunction = {
  name: 'attempt_record',
  sql: /* sql */ `
create or replace function attempt_record(
  p_number int, p_outcome text, p_owner text, p_fence bigint, p_started_at bigint, p_finished_at bigint, p_error json, p_run_at bigint
) returns json language sql stable as $$
  select json_build_object('number', p_number, 'outcome', p_outcome, 'owner', p_owner, 'fence', p_fence,
    'startedAt', p_started_at, 'finishedAt', p_finished_at, 'error', p_error, 'runAt', p_run_at)
$$`,
}

export const keepAttempts: SqlFunction = {
  name: 'keep_attempts',
  sql: /* sql */ `
create or replace function keep_attempts(p_attempts json[], p_record json) returns json[] language sql immutable as $$
  select p_attempts[greatest(1, cardinality(p_attempts) - 18):] || p_record
$$`,
}

export const historyAttempts: SqlFunction = {
  name: 'history_attempts',
  sql: /* sql */ `
create or replace function history_attempts(h history) returns json[] language sql stable as $$
  select case when h.ending is null then h.attempts else keep_attempts(h.attempts,
    attempt_record(h.attempt, h.ending, h.owner, h.fence, h.started_at, h.finished_at, h.error, h.run_at)) end
$$`,
}
