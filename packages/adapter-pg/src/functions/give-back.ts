/**
 * `give_back(ids, now, settled)`: running runs, locked by the caller, are pending again as if they had never been claimed:
 * their attempt does not count. One that was asked to cancel ends instead. `settled` is kept as how the claim was settled.
 * Gates are the caller's to release, afterwards. Returns the ids of those that ended. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'

export const giveBack: SqlFunction = {
  name: 'give_back',
  sql: /* sql */ `
create or replace function give_back(p_ids text[], p_now bigint, p_settled text default null) returns text[] language plpgsql as $$
declare
  v_cancelled text[];
  v_reasons text[];
begin
  if cardinality(p_ids) = 0 then
    return '{}';
  end if;
  with given as (
    update runs r set
      state = 'pending', owner = '', began = false, attempt = r.attempt - 1,
      started_at = (r.attempts[cardinality(r.attempts)]->>'startedAt')::bigint,
      settled = coalesce(p_settled, r.settled)
    where r.id = any (p_ids) and r.state = 'running'
    returning r.id, r.cancel_requested
  )
  select array_agg(g.id), array_agg(g.cancel_requested) into v_cancelled, v_reasons
  from given g where g.cancel_requested is not null;
  if v_cancelled is null then
    return '{}';
  end if;
  perform end_runs(v_cancelled, array_fill('cancelled'::text, array[cardinality(v_cancelled)]), v_reasons, p_now);
  return v_cancelled;
end
$$`,
}
