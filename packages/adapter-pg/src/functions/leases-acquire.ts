/**
 * `leases_acquire(p)`: bids for mutexes, answered in order. The row of the gate `mutex:<name>` is the lock, and the counter
 * shared with runs that need the mutex. Who stands in the queue first is granted first; a place that is not asked for
 * again in time is given up. `gates.has_bids` is set with the first bid, and cleared by a grant that leaves none.
 *
 * Parameters: the contract's request. Result: the contract's replies; hints.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { PLANNED_ONCE } from './planned-once.ts'

export const leasesAcquire: SqlFunction = {
  name: 'leases_acquire',
  sql: /* sql */ `
create or replace function leases_acquire(p json) returns json language plpgsql ${PLANNED_ONCE} as $$
declare
  v_now bigint := coalesce((p->>'now')::bigint, store_now());
  v_gates text[];
  v_bid record;
  v_gate gates;
  v_lease record;
  v_place bigint;
  v_ahead int;
  v_replies json[] := '{}';
  v_hint json;
  v_swept json;
begin
  -- What has expired is seen to first; several gates are locked together, in one order. Most often neither is asked for.
  if json_array_length(p->'bids') > 1
    or exists (select 1 from leases l where l.expires_at <= v_now)
    or exists (select 1 from owners o where o.ended_at is null and o.expires_at <= v_now)
  then
    v_gates := array(select distinct 'mutex:' || (e->>'name') from json_array_elements(p->'bids') e);
    perform ensure_gates(v_gates);
    v_hint := take_over_expired(v_now, '{}', v_gates);
    v_swept := sweep_leases(v_now);
    if v_swept is not null then
      v_hint := coalesce(v_hint::jsonb, '[]') || v_swept::jsonb;
    end if;
  end if;

  for v_bid in
    select b.* from rows from (json_to_recordset(p->'bids') as (name text, holder text, "leaseMs" bigint, queue boolean, "seenFence" bigint))
      with ordinality b(name, holder, lease_ms, queue, seen_fence, place) order by b.place
  loop
    loop
      select g.* into v_gate from gates g where g.name = 'mutex:' || v_bid.name for update;
      exit when found;
      -- Never asked for, or removed by housekeeping in between.
      perform ensure_gates(array['mutex:' || v_bid.name]);
    end loop;
    select l.holder, l.fence, l.expires_at, exists (select 1 from bids b where b.name = v_bid.name) as has_bids into v_lease
    from (select 1) one left join leases l on l.name = v_bid.name and l.holder <> '';
    if v_lease.holder = v_bid.holder then
      update leases l set expires_at = v_now + v_bid.lease_ms where l.name = v_bid.name;
      v_replies := v_replies || json_build_object('granted', true, 'fence', v_lease.fence, 'expiresAt', v_now + v_bid.lease_ms, 'storeNow', v_now);
      continue;
    end if;

    v_place := null;
    v_ahead := 0;
    if v_lease.has_bids then
      delete from bids b where b.name = v_bid.name and b.until <= v_now;
      select b.id into v_place from bids b where b.name = v_bid.name and b.holder = v_bid.holder;
      select count(*)::int into v_ahead from bids b where b.name = v_bid.name and (v_place is null or b.id < v_place);
    end if;
    if v_gate.held < v_gate."limit" and v_ahead = 0 then
      if v_place is not null then
        delete from bids b where b.name = v_bid.name and b.holder = v_bid.holder;
      end if;
      update gates g set
        held = g.held + 1, used_at = v_now, fence = greatest(g.fence + 1, v_now * 1000, v_bid.seen_fence + 1),
        has_bids = v_lease.has_bids and exists (select 1 from bids b where b.name = v_bid.name)
      where g.name = v_gate.name
      returning g.* into v_gate;
      insert into leases as l (name, holder, fence, expires_at) values (v_bid.name, v_bid.holder, v_gate.fence, v_now + v_bid.lease_ms)
      on conflict (name) do update set holder = excluded.holder, fence = excluded.fence, expires_at = excluded.expires_at;
      v_replies := v_replies || json_build_object('granted', true, 'fence', v_gate.fence, 'expiresAt', v_now + v_bid.lease_ms, 'storeNow', v_now);
      continue;
    end if;

    if v_bid.queue or v_place is not null then
      insert into bids (name, holder, until) values (v_bid.name, v_bid.holder, v_now + v_bid.lease_ms)
      on conflict (name, holder) do update set until = excluded.until;
      if not v_gate.has_bids then
        update gates g set has_bids = true where g.name = v_gate.name;
      end if;
    end if;
    v_replies := v_replies || json_build_object('granted', false, 'ahead', v_ahead, 'storeNow', v_now,
      -- In time to keep the place, and when the present lease ends.
      'retryAt', least(v_now + (v_bid.lease_ms + 1) / 2, v_lease.expires_at));
  end loop;
  return json_build_object('replies', array_to_json(v_replies), 'hint', v_hint);
end
$$`,
}
