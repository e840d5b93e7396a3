/**
 * `leases_renew(p)`: prolongs leases that their holders still have under that fence; one that ended is never revived.
 *
 * Parameters: the contract's request. Result: renewed, in the order asked; storeNow.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { PLANNED_ONCE } from './planned-once.ts'

export const leasesRenew: SqlFunction = {
  name: 'leases_renew',
  sql: /* sql */ `
create or replace function leases_renew(p json) returns json language plpgsql ${PLANNED_ONCE} as $$
declare
  v_now bigint := coalesce((p->>'now')::bigint, store_now());
  v_lease record;
  v_renewed boolean[] := '{}';
begin
  perform 1 from gates g where g.name = any (array(select 'mutex:' || (e->>'name') from json_array_elements(p->'leases') e))
  order by g.name for update;
  for v_lease in
    select a.* from rows from (json_to_recordset(p->'leases') as (name text, holder text, fence bigint, "leaseMs" bigint))
      with ordinality a(name, holder, fence, lease_ms, place) order by a.place
  loop
    update leases l set expires_at = v_now + v_lease.lease_ms
    where l.name = v_lease.name and l.holder = v_lease.holder and l.fence = v_lease.fence and l.expires_at > v_now;
    v_renewed := v_renewed || found;
  end loop;
  return json_build_object('renewed', array_to_json(v_renewed), 'storeNow', v_now);
end
$$`,
}
