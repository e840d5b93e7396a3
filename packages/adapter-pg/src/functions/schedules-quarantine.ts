/**
 * `schedules_quarantine({ schedules })` → `{}`: takes schedules whose rows cannot be understood out of the due index, where they
 * still are as they were looked at. Versions before this did not say how that was.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { BY_INDEX } from './by-index.ts'

export const schedulesQuarantine: SqlFunction = {
  name: 'schedules_quarantine',
  sql: /* sql */ `
create or replace function schedules_quarantine(p json) returns json language plpgsql ${BY_INDEX} as $$
declare
  v_asked bigint[];
  v_looked json[];
begin
  perform lock_definitions_shared();
  select array_agg(q.id), array_agg(q.looked) into v_asked, v_looked
  from (
    select distinct on (s.id) s.id, a.looked
    from json_array_elements(p->'schedules') with ordinality as a(looked, place)
    cross join lateral (
      select o.id from schedules o
      where o.job_id = (select j.id from jobs j where j.name = a.looked->>'job') and o.name = a.looked->>'name' limit 1
    ) s
    order by s.id, a.place desc
  ) q;
  perform 1 from schedules s where s.id = any (v_asked) order by s.id for update;
  update schedules s set quarantined = q.looked->>'reason'
  from unnest(v_asked, v_looked) q(id, looked)
  where s.id = q.id and (
    q.looked->>'incarnation' is null or (
      s.incarnation = q.looked->>'incarnation' and s.generation = (q.looked->>'generation')::int
      and s.next_slot is not distinct from (q.looked->>'expectedSlot')::bigint
    )
  );
  return '{}';
end
$$`,
}
