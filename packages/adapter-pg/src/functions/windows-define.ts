/**
 * `windows_define(p)`: definitions of rollups, each by compare-and-set on its generation. Where the edges changed, the windows
 * are other ones: their records go, unfinished backfills are cancelled, and the watermark begins again. What is to be
 * marked with a definition is marked in the same write.
 *
 * Parameters: the contract's request. Result: the contract's replies.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { BY_INDEX } from './by-index.ts'

const CANCELLED_BY_EDGES = 'the windows of its rollup changed'

export const windowsDefine: SqlFunction = {
  name: 'windows_define',
  sql: /* sql */ `
create or replace function windows_define(p json) returns json language plpgsql ${BY_INDEX} as $$
declare
  v_now bigint := coalesce((p->>'now')::bigint, store_now());
  v_one record;
  v_old rollups;
  v_generation bigint;
  v_touched text[] := '{}';
  v_same json;
  v_replies json[] := '{}';
begin
  -- Whoever starts defines what is there already, and must not make everybody wait.
  select json_agg(json_build_object('status', 'unchanged', 'generation', u.generation) order by d.place) into v_same
  from rows from (json_to_recordset(p->'rollups') as (rollup text, hash text)) with ordinality as d(rollup, hash, place)
  left join rollups u on u.name = d.rollup collate "C" and u.hash = d.hash
  having count(u.id) = count(*);
  if v_same is not null then
    return json_build_object('replies', v_same);
  end if;
  perform lock_definitions();
  for v_one in
    select d.rollup, d.hash, d.expected, d.sources, d.edges, d.policy, d.start_at, d.marks
    from rows from (json_to_recordset(p->'rollups') as (rollup text, hash text, "expectedGeneration" bigint, sources json, edges text, policy text, "startAt" bigint, marks json))
      with ordinality as d(rollup, hash, expected, sources, edges, policy, start_at, marks, place)
    order by d.place
  loop
    select u.* into v_old from rollups u where u.name = v_one.rollup;
    if v_old.hash = v_one.hash then
      v_replies := v_replies || json_build_object('status', 'unchanged', 'generation', v_old.generation);
      continue;
    end if;
    if coalesce(v_old.generation, 0) <> v_one.expected then
      v_replies := v_replies || json_build_object('status', 'stale', 'generation', coalesce(v_old.generation, 0));
      continue;
    end if;
    if v_old.id is null then
      insert into rollups (name, hash, sources, edges, policy, start_at, watermark)
      values (v_one.rollup, v_one.hash, array(select s from json_array_elements_text(v_one.sources) s), v_one.edges, v_one.policy,
        v_one.start_at, v_one.start_at)
      returning generation into v_generation;
    else
      if v_old.edges <> v_one.edges then
        update backfills b set state = 'cancelled', reason = '${CANCELLED_BY_EDGES}', finished_at = v_now
        where b.rollup_id = v_old.id and b.finished_at is null;
        delete from windows w where w.rollup_id = v_old.id;
        update rollups u set start_at = v_one.start_at, watermark = v_one.start_at, pace = null where u.id = v_old.id;
      end if;
      update rollups u set generation = nextval('rollup_generations'), hash = v_one.hash,
        sources = array(select s from json_array_elements_text(v_one.sources) s), edges = v_one.edges, policy = v_one.policy
      where u.id = v_old.id
      returning u.generation into v_generation;
      v_touched := v_touched || v_old.sources;
    end if;
    v_touched := v_touched || array(select s from json_array_elements_text(v_one.sources) s);
    if v_one.marks is not null then
      perform append_marks(v_one.marks, v_now);
    end if;
    v_replies := v_replies || json_build_object('status', 'defined', 'generation', v_generation);
  end loop;
  perform touch_sources(v_touched);
  return json_build_object('replies', to_json(v_replies));
end
$$`,
}
