/**
 * `backfills_get(p)`: backfills by id, null for unknown ones.
 *
 * Parameters: the contract's request. Result: the contract's reply.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { PLANNED_ONCE } from './planned-once.ts'
import { backfillJson } from './window-columns.ts'

export const backfillsGet: SqlFunction = {
  name: 'backfills_get',
  sql: /* sql */ `
create or replace function backfills_get(p json) returns json language plpgsql ${PLANNED_ONCE} as $$
begin
  return json_build_object('backfills', (
    select coalesce(json_agg(f.record order by i.place), '[]')
    from json_array_elements_text(p->'ids') with ordinality i(id, place)
    left join lateral (
      select ${backfillJson('b', 'u.name')} as record
      from backfills b join rollups u on u.id = b.rollup_id where b.id = i.id collate "C" limit 1
    ) f on true));
end
$$`,
}
