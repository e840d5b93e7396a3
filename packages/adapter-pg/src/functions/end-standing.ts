/**
 * `end_standing(ids, state, reason, now)`: ends runs that are pending or waiting, and hands their chances on. Returns the
 * ids of those that ended. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { carriedFrom, HISTORY_COLUMNS } from './history-columns.ts'

export const endStanding: SqlFunction = {
  name: 'end_standing',
  sql: /* sql */ `
create or replace function end_standing(p_ids text[], p_state text, p_reason text, p_now bigint) returns text[] language plpgsql as $$
declare
  v_ended text[];
  v_gates text[];
  v_waits text[];
begin
  if cardinality(p_ids) = 0 then
    return '{}';
  end if;
  perform lock_runs(p_ids);
  with gone as (
    delete from runs r where r.id = any (p_ids) and r.state in ('pending', 'waiting') returning r.*
  ), filed as (
    insert into history (${HISTORY_COLUMNS})
    select ${carriedFrom('g')}, p_state, p_now, p_reason, null from gone g
  )
  select array_agg(g.id), array_agg(g.waits_at) filter (where g.waits_at is not null),
    (select array_agg(distinct n.name) from gone h cross join lateral unnest(h.gates) n(name))
  into v_ended, v_waits, v_gates
  from gone g;
  perform change_gates('{}', coalesce(v_waits, '{}'), coalesce(v_gates, '{}'));
  return coalesce(v_ended, '{}');
end
$$`,
}
