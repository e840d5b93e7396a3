/**
 * `count_stamps(done, failed, now)`: counts stamps that were taken off windows, by the ids of their backfills, one entry per
 * window, and finishes backfills that have nothing left to do. The caller has their rows. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { lookedUp } from './by-index.ts'

export const countStamps: SqlFunction = {
  name: 'count_stamps',
  sql: /* sql */ `
create or replace function count_stamps(p_done text[], p_failed text[], p_now bigint) returns void language plpgsql as $$
begin
  if coalesce(cardinality(p_done), 0) + coalesce(cardinality(p_failed), 0) = 0 then
    return;
  end if;
  update backfills b set done = b.done + n.done, failed = b.failed + n.failed
  from (
    select u.id, count(*) filter (where u.is_done) as done, count(*) filter (where not u.is_done) as failed
    from (select d, true from unnest(p_done) d union all select f, false from unnest(p_failed) f) u(id, is_done)
    group by u.id
  ) n
  where ${lookedUp('b.id', 'n.id collate "C"')};
  update backfills b set state = 'finished', finished_at = p_now
  where b.id = any (coalesce(p_done, '{}') || coalesce(p_failed, '{}'))
    and b.finished_at is null and b.exhausted and b.stamped = b.done + b.failed;
end
$$`,
}
