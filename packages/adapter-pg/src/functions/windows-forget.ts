/**
 * `windows_forget(p)`: forgets rollups, with their windows and backfills. Marks stay, for whoever else
 * reads them; and so does a rollup whose job a live owner declares.
 *
 * Parameters: the contract's request. Result: the contract's reply.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { BY_INDEX } from './by-index.ts'

export const windowsForget: SqlFunction = {
  name: 'windows_forget',
  sql: /* sql */ `
create or replace function windows_forget(p json) returns json language plpgsql ${BY_INDEX} as $$
declare
  v_now bigint := coalesce((p->>'now')::bigint, store_now());
  v_name text;
  v_id int;
  v_sources text[];
  v_touched text[] := '{}';
  v_forgotten boolean[] := '{}';
begin
  perform lock_definitions();
  for v_name in select r.name from json_array_elements_text(p->'rollups') with ordinality r(name, place) order by r.place loop
    -- Who has it in his code would begin it anew.
    delete from rollups u where u.name = v_name and not exists (
      select from jobs j join owners o on j.id = any (o.job_ids) where j.name = v_name and o.ended_at is null and o.expires_at > v_now
    ) returning u.id, u.sources into v_id, v_sources;
    v_forgotten := v_forgotten || (v_id is not null);
    continue when v_id is null;
    delete from windows w where w.rollup_id = v_id;
    delete from sealed_marks s where s.rollup_id = v_id;
    delete from backfills b where b.rollup_id = v_id;
    v_touched := v_touched || v_sources;
  end loop;
  perform touch_sources(v_touched);
  return json_build_object('forgotten', to_json(v_forgotten));
end
$$`,
}
