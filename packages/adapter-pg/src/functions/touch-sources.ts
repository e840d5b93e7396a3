/**
 * `touch_sources(names)`: what was collected from these sources is to be collected anew; those that no rollup reads any more
 * are forgotten, their marks stay. The caller has the definitions lock alone. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'

export const touchSources: SqlFunction = {
  name: 'touch_sources',
  sql: /* sql */ `
create or replace function touch_sources(p_names text[]) returns void language plpgsql as $$
declare
  v_read text[];
begin
  if cardinality(p_names) = 0 then
    return;
  end if;
  v_read := array(
    select distinct n.name from rollups u cross join lateral unnest(u.sources) n(name) where n.name = any (p_names) order by 1);
  insert into mark_sources (name) select n.name from unnest(v_read) n(name)
  on conflict (name) do update set token = nextval('source_tokens');
  delete from mark_sources s where s.name = any (p_names) and s.name <> all (v_read);
end
$$`,
}
