/**
 * `leases_release(p)`: ends leases that their holders still have under that fence; those who wait get their chance.
 *
 * Parameters: the contract's request. Result: released, in the order asked; hints.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { PLANNED_ONCE } from './planned-once.ts'
import { NEVER } from './sweep-leases.ts'

export const leasesRelease: SqlFunction = {
  name: 'leases_release',
  sql: /* sql */ `
create or replace function leases_release(p json) returns json language plpgsql ${PLANNED_ONCE} as $$
declare
  v_now bigint := coalesce((p->>'now')::bigint, store_now());
  v_lease record;
  v_released boolean[] := '{}';
  v_gates text[] := '{}';
  v_promoted int := 0;
begin
  perform 1 from gates g where g.name = any (array(select 'mutex:' || (e->>'name') from json_array_elements(p->'leases') e))
  order by g.name for update;
  for v_lease in
    select a.* from rows from (json_to_recordset(p->'leases') as (name text, holder text, fence bigint))
      with ordinality a(name, holder, fence, place) order by a.place
  loop
    -- One that ended by itself is left to the sweep.
    update leases l set holder = '', expires_at = ${NEVER}
    where l.name = v_lease.name and l.holder = v_lease.holder and l.fence = v_lease.fence and l.expires_at > v_now;
    v_released := v_released || found;
    if found then
      v_gates := v_gates || ('mutex:' || v_lease.name);
    end if;
  end loop;
  -- Each once, and locked above.
  if cardinality(v_gates) > 0 then
    update gates g set held = greatest(0, g.held - 1) where g.name = any (v_gates);
    if exists (select 1 from gates g where g.name = any (v_gates) and g.waiting > 0) then
      v_promoted := hand_on(v_gates);
    end if;
  end if;
  return json_build_object('released', array_to_json(v_released), 'hint', gather_hints(v_promoted > 0, v_gates, null));
end
$$`,
}
