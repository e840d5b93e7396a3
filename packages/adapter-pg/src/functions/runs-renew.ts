/**
 * `runs_renew(p)`: creates an owner or prolongs its lease, for longer if it holds nothing; takes over what expired owners
 * left; learns which held runs have started, and their progress. An owner that has ended stays so: `dead`.
 *
 * Parameters: the contract's request. Result: the contract's reply, the tick included; hints.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { fewBy } from './by-index.ts'
import { PLANNED_ONCE } from './planned-once.ts'

export const runsRenew: SqlFunction = {
  name: 'runs_renew',
  sql: /* sql */ `
create or replace function runs_renew(p json) returns json language plpgsql ${PLANNED_ONCE} as $$
declare
  v_now bigint := coalesce((p->>'now')::bigint, store_now());
  v_owner text := p->>'owner';
  v_former text := p->>'survived';
  v_until bigint := v_now + (p->>'leaseMs')::bigint;
  v_knows boolean := json_typeof(p->'jobs') = 'array';
  v_crashed text[];
  v_jobs int[];
  v_hint json;
  v_swept json;
  v_tick json;
  v_held int;
  v_cancels json;
  v_expired json;
  v_told text[];
  v_progress json;
begin
  perform lock_definitions_shared();
  if v_knows then
    perform obtain_jobs(array(select distinct e->>'job' from json_array_elements(p->'jobs') e));
  end if;
  if not exists (select 1 from owners o where o.id = v_owner) then
    insert into owners (id, expires_at) values (v_owner, v_until) on conflict (id) do nothing;
  end if;
  perform 1 from owners o where o.id in (v_owner, v_former) order by o.id for update;
  select o.crashed into v_crashed from owners o where o.id = v_former;

  -- Rows of runs that are changed here and those that are taken over: locked together, in one order.
  v_hint := take_over_expired(v_now, array(
    select e->>'runId' from json_array_elements(p->'started') e
    union select e->>'runId' from json_array_elements(p->'progress') e
    union select u.id from unnest(v_crashed) u(id)));
  v_swept := sweep_leases(v_now);
  if v_swept is not null then
    v_hint := coalesce(v_hint::jsonb, '[]') || v_swept::jsonb;
  end if;
  update owners o set
    expires_at = v_until + case
      when exists (select 1 from runs r where r.owner = v_owner and r.state <> 'waiting')
        or exists (select 1 from held_gates h where h.owner = v_owner) then 0
      else coalesce((p->>'idleMs')::bigint, 0) end,
    job_ids = case when v_knows
      then array(select j.id from json_to_recordset(p->'jobs') a(job text, hash text) join jobs j on j.name = a.job order by j.id) else o.job_ids end,
    hashes = case when v_knows
      then array(select a.hash from json_to_recordset(p->'jobs') a(job text, hash text) join jobs j on j.name = a.job order by j.id) else o.hashes end
  where o.id = v_owner and o.ended_at is null
  returning o.job_ids into v_jobs;
  if not found then
    return json_build_object('status', 'dead', 'held', 0, 'cancels', '[]'::json, 'expired', '[]'::json, 'storeNow', v_now, 'hint', v_hint);
  end if;

  if v_former is not null then
    -- Its process lives on: what was counted against its runs, now or before, is taken back.
    select o.crashed into v_crashed from owners o where o.id = v_former;
    update owners o set survived = true, crashed = '{}' where o.id = v_former and not (o.survived and o.crashed = '{}');
    update runs r set crashes = greatest(0, r.crashes - 1) where r.id = any (v_crashed);
    update history h set crashes = greatest(0, h.crashes - 1)
    where h.id in (select x.id from history x where x.id = any (v_crashed) for update skip locked);
  end if;
  update runs r set began = true, started_at = v_now
  from json_to_recordset(p->'started') as s("runId" text, fence bigint)
  where r.id = s."runId" and ${fewBy('s.fence')} and r.fence = s.fence and r.owner = v_owner and not r.began;
  if json_array_length(p->'progress') > 0 then
    -- Of a run that is named twice, what was said last.
    select json_agg(json_build_object('runId', e.id, 'fence', e.fence, 'progress', e.progress)) into v_progress
    from (
      select distinct on (e.value->>'runId', e.value->>'fence')
        e.value->>'runId' as id, (e.value->>'fence')::bigint as fence, e.value->>'progress' as progress
      from json_array_elements(p->'progress') with ordinality e(value, place)
      order by e.value->>'runId', e.value->>'fence', e.place desc
    ) e;
    update runs r set progress = s.progress
    from json_to_recordset(v_progress) as s("runId" text, fence bigint, progress text)
    where r.id = s."runId" and ${fewBy('s.fence')} and r.fence = s.fence and r.owner = v_owner;
  end if;

  select count(*)::int, json_agg(json_build_object('runId', r.id, 'fence', r.fence, 'reason', r.cancel_requested) order by r.fence)
    filter (where r.cancel_requested is not null)
  into v_held, v_cancels
  from runs r where r.owner = v_owner and r.state <> 'waiting';
  select json_agg(json_build_object('owner', x.id, 'runs', x.unreported) order by x.ended_at), array_agg(x.id)
  into v_expired, v_told
  from (
    select o.id, o.unreported, o.ended_at from owners o where o.unreported is not null
    order by o.ended_at, o.id limit 1000 for update skip locked
  ) x;
  if v_told is not null then
    update owners o set unreported = null where o.id = any (v_told);
  end if;
  v_tick := tick_for(v_owner, v_jobs, v_now);
  return json_build_object('status', 'live', 'held', v_held, 'cancels', coalesce(v_cancels, '[]'), 'expired', coalesce(v_expired, '[]'),
    'storeNow', v_now, 'nextDueAt', v_tick->'nextDueAt', 'nextRunAt', v_tick->'nextRunAt', 'nextExpiryAt', v_tick->'nextExpiryAt',
    'hint', v_hint);
end
$$`,
}
