/** `stretches_after(stretches, cursor)`: closed suspensions that a schedule's cursor has not passed. Internal. */
import type { SqlFunction } from '../schema/sql-function.ts'

export const stretchesAfter: SqlFunction = {
  name: 'stretches_after',
  sql: /* sql */ `
create or replace function stretches_after(p_stretches json, p_cursor bigint) returns json language sql immutable as $$
  select coalesce(json_agg(e.stretch order by e.place), '[]')
  from json_array_elements(p_stretches) with ordinality e(stretch, place)
  where (e.stretch->>1)::bigint > p_cursor
$$`,
}
