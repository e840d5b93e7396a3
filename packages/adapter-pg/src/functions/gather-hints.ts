/**
 * `gather_hints(is work, gates, settled)`: what others may want to know: that runs became pending, which of the released
 * gates are mutexes that somebody queues for, which runs ended. Null for nothing. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'

export const gatherHints: SqlFunction = {
  name: 'gather_hints',
  sql: /* sql */ `
create or replace function gather_hints(p_is_work boolean, p_gates text[], p_settled text[]) returns json language plpgsql volatile as $$
begin
  return (select json_agg(x.hint)
  from (
    select json_build_object('kind', 'work', 'of', 'runs') where p_is_work
    union all
    select json_build_object('kind', 'lease', 'name', n.name)
    from (select distinct substr(u.gate, 7) as name from unnest(p_gates) u(gate) where u.gate like 'mutex:%') n
    where exists (select 1 from bids b where b.name = n.name)
    union all
    select e.hint from json_array_elements(settled_hints(p_settled)) e(hint)
  ) x(hint));
end
$$`,
}
