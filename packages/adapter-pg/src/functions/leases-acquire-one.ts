/**
 * `leases_acquire_one(name, holder, lease ms, queue, seen fence, now)`: one bid. A mutex that is free, and that nobody bids for,
 * is taken in one statement; everything else is `leases_acquire`'s.
 *
 * Parameters: those of the bid, as text; `now` may be left out. Result: what `leases_acquire` answers; null where it must be
 * asked in a transaction of its own.
 */
import type { SqlFunction } from '../schema/sql-function.ts'

/** Each setting takes a microsecond or two of every call: these statements know keys only, and need no other. */
export const BY_KEY = 'set enable_seqscan = off'

export const leasesAcquireOne: SqlFunction = {
  name: 'leases_acquire_one',
  sql: /* sql */ `
create or replace function leases_acquire_one(p_name text, p_holder text, p_lease_ms text, p_queue text, p_seen_fence text, p_now text default null)
returns text language plpgsql ${BY_KEY} as $$
declare
  v_now bigint := coalesce(p_now::bigint, store_now());
  v_ends bigint := v_now + p_lease_ms::bigint;
  v_fence bigint;
begin
  -- All that decides stands in the gate's row. Where the update has to wait for it, it is looked at again as it is then.
  with taken as (
    update gates g set held = g.held + 1, used_at = v_now, fence = greatest(g.fence + 1, v_now * 1000, p_seen_fence::bigint + 1)
    where g.name = 'mutex:' || p_name and g.held < g."limit" and not g.has_bids
    returning g.fence
  )
  insert into leases as l (name, holder, fence, expires_at) select p_name, p_holder, t.fence, v_ends from taken t
  on conflict (name) do update set holder = excluded.holder, fence = excluded.fence, expires_at = excluded.expires_at
  returning l.fence into v_fence;
  if found then
    return '{"replies":[{"granted":true,"fence":' || v_fence || ',"expiresAt":' || v_ends || ',"storeNow":' || v_now || '}]}';
  end if;
  -- Somebody was quicker, and the row that was waited for is locked. What has expired is locked before any gate.
  if pg_current_xact_id_if_assigned() is not null then
    return null;
  end if;
  return leases_acquire(json_build_object('now', p_now::bigint, 'bids', json_build_array(json_build_object(
    'name', p_name, 'holder', p_holder, 'leaseMs', p_lease_ms::bigint, 'queue', p_queue::boolean, 'seenFence', p_seen_fence::bigint))));
end
$$`,
}
