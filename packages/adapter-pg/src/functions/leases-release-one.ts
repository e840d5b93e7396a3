/**
 * `leases_release_one(name, holder, fence, now)`: one lease. Where nobody waits for the mutex, it is ended in one statement;
 * everything else is `leases_release`'s.
 *
 * Parameters: those of the lease, as text; `now` may be left out. Result: what `leases_release` answers.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { BY_KEY } from './leases-acquire-one.ts'
import { NEVER } from './sweep-leases.ts'

export const leasesReleaseOne: SqlFunction = {
  name: 'leases_release_one',
  sql: /* sql */ `
create or replace function leases_release_one(p_name text, p_holder text, p_fence text, p_now text default null)
returns text language plpgsql ${BY_KEY} as $$
declare
  v_now bigint := coalesce(p_now::bigint, store_now());
  v_fence bigint := p_fence::bigint;
  v_setting text;
begin
  -- Where the update has to wait for the gate's row, the lease is not looked at again; but while the gate is held under this
  -- fence, nobody else has touched the lease.
  with freed as (
    update gates g set held = 0
    where g.name = 'mutex:' || p_name and g.held = 1 and g.fence = v_fence and g.waiting = 0 and not g.has_bids
      and exists (select 1 from leases l where l.name = p_name and l.holder = p_holder and l.fence = v_fence and l.expires_at > v_now)
    returning g.name
  )
  update leases l set holder = '', expires_at = ${NEVER} from freed f where l.name = p_name;
  if found then
    -- Nobody waits for the disk: a release that a crash takes back is a lease that expires.
    v_setting := set_config('synchronous_commit', 'off', true);
    return '{"released":[true]}';
  end if;
  -- It locks the same gate first.
  return leases_release(json_build_object('now', p_now::bigint, 'leases', json_build_array(json_build_object(
    'name', p_name, 'holder', p_holder, 'fence', v_fence))));
end
$$`,
}
