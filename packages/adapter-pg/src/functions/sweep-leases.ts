/**
 * `sweep_leases(now)`: ends the leases whose time is over; others get their chance. Waits for nobody: a mutex that somebody
 * else has locked is theirs to look at, or the next call's. Costs one look at the leases when none has ended.
 *
 * Returns hints of what others may want to know; null when nothing ended. Otherwise the caller holds gates now, so it must
 * not wait for others. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'

/** The end of a row of `leases` that nobody holds: rows are used again, so that the table stays as small as it was. */
export const NEVER = '9223372036854775807'

export const sweepLeases: SqlFunction = {
  name: 'sweep_leases',
  sql: /* sql */ `
create or replace function sweep_leases(p_now bigint) returns json language plpgsql as $$
declare
  v_gates text[];
  v_promoted int;
begin
  if not exists (select 1 from leases l where l.expires_at <= p_now) then
    return null;
  end if;
  select array_agg(x.name) into v_gates
  from (
    select g.name from gates g
    where g.name = any (array(select 'mutex:' || l.name from leases l where l.expires_at <= p_now))
    order by g.name for update skip locked
  ) x;
  -- Under the lock a lease may turn out to have been renewed.
  with ended as (
    update leases l set holder = '', expires_at = ${NEVER}
    where 'mutex:' || l.name = any (v_gates) and l.expires_at <= p_now
    returning l.name
  )
  select array_agg('mutex:' || e.name) into v_gates from ended e;
  if v_gates is null then
    return null;
  end if;
  v_promoted := release_gates(v_gates);
  return coalesce(gather_hints(v_promoted > 0, v_gates, null), '[]');
end
$$`,
}
