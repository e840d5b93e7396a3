/**
 * `windows_state(p)`: what planning needs to know of rollups. What is counted is read from indexes, up to a bound.
 *
 * Parameters: the contract's request. Result: the contract's reply.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { PLANNED_ONCE } from './planned-once.ts'
import { heldBy, isFree, rollupJson, windowJson } from './window-columns.ts'

/** A run looks with each of its batches: what it counts must not cost it more than what it refreshes. */
const COUNTED_AT_MOST = 10_000

/** How many windows of rollup `u`. */
const countOf = (which: string): string =>
  `(select count(*) from (select from windows w where w.rollup_id = u.id and ${which} limit ${COUNTED_AT_MOST}) x)`

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
        select ${countOf('w.dirty_since is not null')} as dirty,
          ${countOf('w.dirty_since is not null and w.error is not null')} as failed,
          ${countOf('w.suspect is not null')} as suspect,
          ${countOf(`w.run_id is not null and w.dirty_since is not null and ${heldBy('w')}`)} as held,
          (select w.dirty_since from windows w where w.rollup_id = u.id and w.dirty_since is not null order by w.dirty_since limit 1) as dirty_since,
          (select w.retry_at from windows w where w.rollup_id = u.id and w.dirty_since is not null and w.error is not null and w.retry_at > v_now
            order by w.retry_at limit 1) as retry_at
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
