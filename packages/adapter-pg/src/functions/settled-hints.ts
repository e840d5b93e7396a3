/**
 * `settled_hints(ids)`: hints that these runs ended, for whoever waits for one; none when they are many: waiting polls as
 * well. Null for none. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'

export const settledHints: SqlFunction = {
  name: 'settled_hints',
  sql: /* sql */ `
create or replace function settled_hints(p_ids text[]) returns json language plpgsql immutable as $$
begin
  return case when cardinality(p_ids) between 1 and 20
    then (select json_agg(json_build_object('kind', 'settled', 'runId', u.id)) from unnest(p_ids) u(id)) end;
end
$$`,
}
