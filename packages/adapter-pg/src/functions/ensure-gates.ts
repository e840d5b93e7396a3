/**
 * `ensure_gates(names)`: makes the missing rows of gates. A job's gate has its concurrency as the limit, every other
 * gate one. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'

export const ensureGates: SqlFunction = {
  name: 'ensure_gates',
  sql: /* sql */ `
create or replace function ensure_gates(p_names text[]) returns void language plpgsql as $$
begin
  insert into gates (name, "limit")
  select n.name, case when n.name like 'job:%' then (select j.concurrency from jobs j where j.name = substr(n.name, 5)) else 1 end
  from (select distinct u.name from unnest(p_names) u(name)) n
  where (select true from gates g where g.name = n.name collate "C" limit 1) is null
  order by n.name
  on conflict (name) do nothing;
end
$$`,
}
