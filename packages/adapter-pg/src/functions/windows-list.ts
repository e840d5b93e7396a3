/**
 * `windows_list(p)`: records of windows that start in a range, by start; of one backfill, if given.
 *
 * Parameters: the contract's request. Result: the contract's reply.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { PLANNED_ONCE } from './planned-once.ts'
import { windowJson } from './window-columns.ts'

export const windowsList: SqlFunction = {
  name: 'windows_list',
  sql: /* sql */ `
create or replace function windows_list(p json) returns json language plpgsql ${PLANNED_ONCE} as $$
declare
  v_id int := (select u.id from rollups u where u.name = p->>'rollup');
  v_from bigint := (p->>'from')::bigint;
  v_to bigint := (p->>'to')::bigint;
  v_limit int := (p->>'limit')::int;
  v_backfill text := p->>'backfill';
  v_windows json;
begin
  if v_backfill is null then
    select json_agg(${windowJson('w', `p->>'rollup'`)} order by w.start_at) into v_windows
    from (
      select w.* from windows w where w.rollup_id = v_id and w.start_at >= v_from and w.start_at < v_to order by w.start_at limit v_limit
    ) w;
  else
    select json_agg(${windowJson('w', `p->>'rollup'`)} order by w.start_at) into v_windows
    from (
      select w.* from windows w
      where w.backfill_id = v_backfill and w.start_at >= v_from and w.start_at < v_to and w.rollup_id = v_id
      order by w.start_at limit v_limit
    ) w;
  end if;
  return json_build_object('windows', coalesce(v_windows, '[]'));
end
$$`,
}
