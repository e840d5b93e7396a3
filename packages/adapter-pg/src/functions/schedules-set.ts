/**
 * `schedules_set({ …columns, now? })` → `{ replies, storeNow, hint? }`: creates or changes dynamic schedules, which come in
 * columns (`rows/set-letter.ts`): those are read several times as fast as records. New ones are written and unchanged ones found as sets; each changed one is a step of its own.
 *
 * New rows come first, in the order of (job, name), then rows that exist, in the order of their ids: so two calls never
 * wait for each other. A write whose schedule was removed meanwhile, by its incarnation, is created and changes nothing. That is why nothing is created in the second part: what was there at first and is gone then was
 * removed at the same time, and counts as changed just before.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { PLANNED_ONCE } from './planned-once.ts'

/**
 * The request, taken apart once: text is parsed slowly, arrays are not. `nth` counts equal names. What is joined to it is
 * looked up name by name, by way of a subquery that the planner cannot turn into a join of whole tables.
 */
const ASKED = /* sql */ `
  select j.id as job_id, a.*, row_number() over (partition by j.id, a.name order by a.place) as nth
  from unnest(v_jobs, v_names, v_keys, v_incarnations, v_specs, v_payloads, v_as_of, v_next_slots, v_next_due_at, v_statuses)
    with ordinality as a(job, name, key, incarnation, spec, payload, as_of, next_slot, next_due_at, status, place)
  cross join lateral (select o.id from jobs o where o.name = a.job limit 1) j`

export const schedulesSet: SqlFunction = {
  name: 'schedules_set',
  sql: /* sql */ `
create or replace function schedules_set(p json) returns json language plpgsql ${PLANNED_ONCE} as $$
declare
  v_now bigint := coalesce((p->>'now')::bigint, store_now());
  v_jobs text[];
  v_names text[];
  v_keys text[];
  v_incarnations text[];
  v_specs text[];
  v_payloads text[];
  v_as_of bigint[];
  v_next_slots bigint[];
  v_next_due_at bigint[];
  v_statuses text[];
  v_cursors bigint[];
  v_changing bigint[];
  v_replies json;
  v_has_news boolean;
  v_final text[];
  v_one record;
  v_status text;
  v_cursor bigint;
begin
  perform lock_definitions_shared();
  select x.jobs, x.names, x.keys, x.incarnations, x.specs, x.payloads, x."asOfs", x."nextSlots", x."nextDueAts"
  into v_jobs, v_names, v_keys, v_incarnations, v_specs, v_payloads, v_as_of, v_next_slots, v_next_due_at
  from json_to_record(p) as x(
    jobs text[], names text[], keys text[], incarnations text[], specs text[], payloads text[], "asOfs" bigint[], "nextSlots" bigint[],
    "nextDueAts" bigint[]
  );
  if coalesce(cardinality(v_jobs), 0) = 0 then
    return json_build_object('replies', '[]'::json, 'storeNow', v_now);
  end if;
  perform obtain_jobs(array(select distinct a.job from unnest(v_jobs) as a(job)));
  with asked as materialized (${ASKED}), created as (
    insert into schedules (job_id, name, key, incarnation, spec, payload, cursor, next_slot, next_due_at, created_at)
    select a.job_id, a.name, a.key, a.incarnation, a.spec, a.payload, a.as_of, a.next_slot, a.next_due_at, a.as_of
    from asked a
    where a.nth = 1 and (select s.id from schedules s where s.job_id = a.job_id and s.name = a.name) is null
      and (select b.outcome from absorbed b where b.request_id = a.incarnation) is null
    order by a.job_id, a.name
    on conflict (job_id, name) do nothing
    returning schedules.job_id, schedules.name, schedules.next_due_at
  ), news as (
    select c.job_id, min(c.next_due_at) as next_due_at from created c group by c.job_id
  )
  select
    array_agg(case when a.nth = 1 and (a.job_id, a.name) in (select c.job_id, c.name from created c) then 'created' end order by a.place),
    exists (
      select 1 from news n
      where n.next_due_at < coalesce((
        select s.next_due_at from schedules s
        where s.job_id = n.job_id and s.next_due_at is not null and s.suspended_at is null and s.quarantined is null
        order by s.next_due_at limit 1
      ), 9223372036854775807)
    )
  into v_statuses, v_has_news
  from asked a;
  v_cursors := v_as_of;
  if array_position(v_statuses, null) is not null then
    select
      array_agg(f.status order by f.place),
      array_agg(case when f.status = 'unchanged' then f.cursor else f.as_of end order by f.place),
      array_agg(f.schedule_id) filter (where f.status is null)
    into v_statuses, v_cursors, v_changing
    from (
      select a.place, a.as_of, s.id as schedule_id, s.cursor, case
        when a.status is not null then a.status
        when s.id is null and (select b.outcome from absorbed b where b.request_id = a.incarnation) is not null then 'created'
        when s.id is null then 'changed'
        when a.nth = 1 and s.is_readable and s.spec = a.spec and s.payload is not distinct from a.payload then 'unchanged'
      end as status
      from (${ASKED}) a
      left join lateral (
        select o.id, o.cursor, o.spec, o.payload, o.quarantined is null as is_readable from schedules o where o.job_id = a.job_id and o.name = a.name limit 1
      ) s on true
    ) f;
  end if;
  v_final := v_statuses;
  if v_changing is not null then
    perform 1 from schedules s where s.id = any (v_changing) order by s.id for update;
    for v_one in
      select a.place, s.id, json_build_object(
        'spec', a.spec, 'payload', a.payload, 'asOf', a.as_of, 'nextSlot', a.next_slot, 'nextDueAt', a.next_due_at
      ) as write
      from (${ASKED}) a
      cross join lateral (select o.id from schedules o where o.job_id = a.job_id and o.name = a.name limit 1) s
      where a.status is null and s.id = any (v_changing)
      order by a.place
    loop
      select c.v_status, c.v_cursor into v_status, v_cursor from change_schedule(v_one.id, v_one.write, v_now) c;
      v_final[v_one.place] := v_status;
      v_cursors[v_one.place] := v_cursor;
      v_has_news := v_has_news or v_status = 'changed';
    end loop;
  end if;
  select ('[' || string_agg(
    '{"status":"' || coalesce(r.status, 'changed') || '","cursor":' || r.cursor || '}', ',' order by r.place
  ) || ']')::json into v_replies
  from unnest(v_final, v_cursors) with ordinality as r(status, cursor, place);
  if v_has_news then
    return json_build_object('replies', v_replies, 'storeNow', v_now, 'hint', '[{"kind":"work"}]'::json);
  end if;
  return json_build_object('replies', v_replies, 'storeNow', v_now);
end
$$`,
}
