/** `add_stretch(stretches, from, to)`: closed suspensions with one more; beyond the kept number the oldest two become one. Internal. */
import type { SqlFunction } from '../schema/sql-function.ts'

/** Stretches kept per job or schedule. */
const MOST_STRETCHES = 10

export const addStretch: SqlFunction = {
  name: 'add_stretch',
  sql: /* sql */ `
create or replace function add_stretch(p_stretches json, p_from bigint, p_to bigint) returns json language plpgsql immutable as $$
declare
  v_kept json[] := array(select e.stretch from json_array_elements(p_stretches) with ordinality e(stretch, place) order by e.place);
begin
  v_kept := v_kept || json_build_array(p_from, p_to);
  if cardinality(v_kept) > ${MOST_STRETCHES} then
    v_kept := json_build_array(v_kept[1]->0, v_kept[2]->1) || v_kept[3:];
  end if;
  return to_json(v_kept);
end
$$`,
}
