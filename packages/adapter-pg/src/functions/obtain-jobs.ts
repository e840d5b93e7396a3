/** `obtain_jobs(names)`: makes the missing rows of jobs, known by name only. Internal. */
import type { SqlFunction } from '../schema/sql-function.ts'

export const obtainJobs: SqlFunction = {
  name: 'obtain_jobs',
  sql: /* sql */ `
create or replace function obtain_jobs(p_names text[]) returns void language plpgsql as $$
begin
  -- Identities are not spent on names that are there.
  if exists (select 1 from unnest(p_names) n(name) where not exists (select 1 from jobs j where j.name = n.name collate "C")) then
    insert into jobs (name)
    select distinct n.name from unnest(p_names) n(name)
    where not exists (select 1 from jobs j where j.name = n.name collate "C")
    order by 1
    on conflict (name) do nothing;
  end if;
end
$$`,
}
