/**
 * `leases_withdraw(p)`: gives up places in queues, and leases that a lost reply granted.
 *
 * Parameters: the contract's request. Result: hints.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { PLANNED_ONCE } from './planned-once.ts'
import { NEVER } from './sweep-leases.ts'

export const leasesWithdraw: SqlFunction = {
  name: 'leases_withdraw',
  sql: /* sql */ `
create or replace function leases_withdraw(p json) returns json language plpgsql ${PLANNED_ONCE} as $$
declare
  v_gates text[];
  v_promoted int;
begin
  perform 1 from gates g where g.name = any (array(select 'mutex:' || (e->>'name') from json_array_elements(p->'bids') e))
  order by g.name for update;
  delete from bids b using json_to_recordset(p->'bids') as a(name text, holder text)
  where b.name = a.name and b.holder = a.holder;
  with ended as (
    update leases l set holder = '', expires_at = ${NEVER}
    from json_to_recordset(p->'bids') as a(name text, holder text)
    where l.name = a.name and l.holder = a.holder and l.holder <> ''
    returning l.name
  )
  select array_agg('mutex:' || e.name) into v_gates from ended e;
  v_promoted := release_gates(coalesce(v_gates, '{}'));
  return json_build_object('hint', gather_hints(v_promoted > 0, v_gates, null));
end
$$`,
}
