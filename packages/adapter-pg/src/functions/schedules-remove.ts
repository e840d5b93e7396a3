/**
 * `schedules_remove({ schedules })` → `{ removed }`: removes dynamic schedules and the ranges of their ledgers; their runs
 * stay. Their incarnations are remembered for an hour, so that the writes that made them, arriving again, do not bring them back.
 * Static schedules end with a registration that lacks them.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { BY_INDEX } from './by-index.ts'

export const schedulesRemove: SqlFunction = {
  name: 'schedules_remove',
  sql: /* sql */ `
create or replace function schedules_remove(p json) returns json language plpgsql ${BY_INDEX} as $$
declare
  v_now bigint := coalesce((p->>'now')::bigint, store_now());
  v_asked bigint[];
  v_gone bigint[];
begin
  perform lock_definitions_shared();
  select array_agg(s.id order by a.place) into v_asked
  from rows from (json_to_recordset(p->'schedules') as (job text, name text)) with ordinality as a(job, name, place)
  left join lateral (
    select o.id from schedules o
    where o.job_id = (select j.id from jobs j where j.name = a.job) and o.name = a.name and o.name not like '#%' limit 1
  ) s on true;
  select array_agg(l.id) into v_gone
  from (select s.id from schedules s where s.id = any (v_asked) order by s.id for update) l;
  if v_gone is not null then
    delete from skips k where k.schedule_id = any (v_gone);
    with gone as (delete from schedules s where s.id = any (v_gone) returning s.incarnation)
    insert into absorbed (request_id, outcome, run_id, at) select g.incarnation, 'removed', '', v_now from gone g on conflict do nothing;
  end if;
  return json_build_object('removed', coalesce((
    select json_agg(a.nth = 1 and coalesce(a.id in (select g.id from unnest(v_gone) as g(id)), false) order by a.place)
    from (
      select u.id, u.place, row_number() over (partition by u.id order by u.place) as nth
      from unnest(v_asked) with ordinality as u(id, place)
    ) a
  ), '[]'));
end
$$`,
}
