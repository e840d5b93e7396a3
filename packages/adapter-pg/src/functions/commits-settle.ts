/**
 * `commits_settle(p)`: the last statement of a transaction that a handler shares with the end of its run. Settles the run,
 * if its owner still holds it, and if this is still the transaction that `commits_begin` began. Unlike a settlement by
 * itself, one that was made before is refused: the transaction that made it has committed, and what stands in this one
 * would be done twice.
 *
 * Parameters: transaction; owner, runId, fence; request, that of `runs_settle`. Result: status `settled`, `stale`, or `ended`
 * when the transaction had ended before; hints.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { PLANNED_ONCE } from './planned-once.ts'

export const commitsSettle: SqlFunction = {
  name: 'commits_settle',
  sql: /* sql */ `
create or replace function commits_settle(p json) returns json language plpgsql ${PLANNED_ONCE} as $$
declare
  v_reply json;
begin
  if pg_current_xact_id()::text <> p->>'transaction' then
    return json_build_object('status', 'ended');
  end if;
  perform lock_definitions_shared();
  perform lock_followers(p->'request'->'others', '{}');
  perform 1 from runs r where r.id = p->>'runId' and r.fence = (p->>'fence')::bigint and r.owner = p->>'owner' for update;
  if not found then
    return json_build_object('status', 'stale');
  end if;
  v_reply := runs_settle(p->'request');
  return json_build_object('status', 'settled', 'hint', v_reply->'hint');
end
$$`,
}
