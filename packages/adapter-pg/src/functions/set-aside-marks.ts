/**
 * `set_aside_marks(source, now, changes)`: marks of a source that are to be drained: hidden until an instant (`until`), or cut down to a
 * range (`from`, `to`), by `id`. The caller has the source's row. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'

export const setAsideMarks: SqlFunction = {
  name: 'set_aside_marks',
  sql: /* sql */ `
create or replace function set_aside_marks(p_source text, p_now bigint, p_changes json[]) returns void language plpgsql as $$
declare
  v_one json;
begin
  foreach v_one in array p_changes loop
    update marks m set parked_until = coalesce((v_one->>'until')::bigint, m.parked_until),
      from_at = coalesce((v_one->>'from')::bigint, m.from_at), to_at = coalesce((v_one->>'to')::bigint, m.to_at)
    where m.source = p_source and m.parked_until is null and m.id = (v_one->>'id')::bigint;
    if not found then
      update marks m set parked_until = coalesce((v_one->>'until')::bigint, m.parked_until),
        from_at = coalesce((v_one->>'from')::bigint, m.from_at), to_at = coalesce((v_one->>'to')::bigint, m.to_at)
      where m.source = p_source and m.parked_until <= p_now and m.id = (v_one->>'id')::bigint;
    end if;
  end loop;
end
$$`,
}
