/**
 * `backfills_find(p)`: backfills, newest first; those of a rollup, or those that have not ended, if asked.
 *
 * Parameters: the contract's request. Result: the contract's reply.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { BY_INDEX } from './by-index.ts'
import { backfillJson } from './window-columns.ts'

export const backfillsFind: SqlFunction = {
  name: 'backfills_find',
  sql: /* sql */ `
create or replace function backfills_find(p json) returns json language plpgsql ${BY_INDEX} as $$
declare
  v_rollup int;
  v_is_unfinished boolean := coalesce((p->>'unfinished')::boolean, false);
  v_limit int := (p->>'limit')::int;
  v_ids text[];
begin
  if p->>'rollup' is not null then
    v_rollup := coalesce((select u.id from rollups u where u.name = p->>'rollup'), 0);
  end if;
  if v_is_unfinished then
    -- Never many.
    v_ids := array(
      select b.id from backfills b where b.finished_at is null and (v_rollup is null or b.rollup_id = v_rollup)
      order by b.sequence desc limit v_limit);
  elsif v_rollup is not null then
    v_ids := array(select b.id from backfills b where b.rollup_id = v_rollup order by b.sequence desc limit v_limit);
  else
    v_ids := array(select b.id from backfills b order by b.sequence desc limit v_limit);
  end if;
  return json_build_object('backfills', coalesce((
    select json_agg(${backfillJson('b', 'u.name')} order by b.sequence desc)
    from backfills b join rollups u on u.id = b.rollup_id where b.id = any (v_ids)
  ), '[]'));
end
$$`,
}
