/** `renamed_gates(gates, former name, name)`: names of gates under their job's new name, sorted. Internal. */
import type { SqlFunction } from '../schema/sql-function.ts'

export const renamedGates: SqlFunction = {
  name: 'renamed_gates',
  sql: /* sql */ `
create or replace function renamed_gates(p_gates text[], p_former text, p_name text) returns text[] language sql immutable as $$
  select coalesce(array_agg(n.name order by n.name collate "C"), '{}')
  from (
    select case
      when g.name = 'job:' || p_former then 'job:' || p_name
      when starts_with(g.name, 'key:' || p_former || '/') then 'key:' || p_name || substr(g.name, length('key:' || p_former) + 1)
      else g.name
    end as name
    from unnest(p_gates) as g(name)
  ) n
$$`,
}
