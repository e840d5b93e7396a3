/**
 * `windows_state(p)`: what planning needs to know of rollups. What it costs follows what is dirty or ahead of the watermark.
 *
 * Parameters: the contract's request. Result: the contract's reply.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { PLANNED_ONCE } from './planned-once.ts'
import { heldBy, isFree, rollupJson, windowJson } from './window-columns.ts'

export const windowsState: SqlFunction = {
  name: 'windows_state',
  sql: /* sql */ `
create or replace function windows_state(p json) returns json language plpgsql ${PLANNED_ONCE} as $$
declare
  v_now bigint := coalesce((p->>'now')::bigint, store_now());
begin
  return json_build_object('storeNow', v_now, 'states', (
    select json_agg(s.state order by x.place)
    from rows from (json_to_recordset(p->'rollups') as (rollup text, "limit" int, after bigint)) with ordinality as x(rollup, most, after, place)
    left join lateral (
      select json_build_object('record', ${rollupJson('u')},
        'dirty', coalesce(d.records, '[]'),
        'ahead', coalesce(a.records, '[]'), 'more', coalesce(a.count > x.most, false),
        'counts', json_build_object('dirty', c.dirty, 'held', c.held, 'failed', c.failed, 'suspect', c.suspect),
        'oldestMarkAt', least(c.dirty_since, m.marked_at), 'hasMarks', m.marked_at is not null, 'nextRetryAt', c.retry_at) as state
      from rollups u
      cross join lateral (
        select json_agg(${windowJson('w', 'u.name')} order by w.dirty_since, w.start_at) as records
        from (
          select w.* from windows w
          where w.rollup_id = u.id and w.dirty_since is not null and w.suspect is null
            and (w.error is null or w.retry_at <= v_now) and ${isFree('w')}
          order by w.dirty_since, w.start_at limit x.most
        ) w
      ) d
      cross join lateral (
        -- One more than asked tells that there is more.
        select json_agg(${windowJson('w', 'u.name')} order by w.start_at) filter (where w.nth <= x.most) as records, count(*) as count
        from (
          select w.*, row_number() over (order by w.start_at) as nth from windows w
          where w.rollup_id = u.id and w.start_at >= greatest(u.watermark, x.after + 1)
          order by w.start_at limit x.most + 1
        ) w
      ) a
      cross join lateral (
        select count(*) as dirty, count(*) filter (where w.error is not null) as failed, min(w.dirty_since) as dirty_since,
          count(*) filter (where case when w.run_id is not null then ${heldBy('w')} end) as held,
          min(w.retry_at) filter (where w.retry_at > v_now) as retry_at,
          (select count(*) from windows s where s.rollup_id = u.id and s.suspect is not null) as suspect
        from windows w where w.rollup_id = u.id and w.dirty_since is not null
      ) c
      cross join lateral (
        select min(least(
          (select k.marked_at from marks k where k.source = n.name and k.parked_until is null order by k.id limit 1),
          (select k.marked_at from marks k where k.source = n.name and k.parked_until <= v_now order by k.parked_until limit 1)
        )) as marked_at
        from unnest(u.sources) n(name)
      ) m
      where u.name = x.rollup collate "C"
    ) s on true));
end
$$`,
}
