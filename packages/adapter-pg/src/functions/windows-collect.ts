/**
 * `windows_collect(p)`: marks to be drained, by source, with every rollup that reads it. Sources take turns: each gets an equal
 * share and, where there are several, up to four times that of what others leave; the one that was drained last comes last.
 *
 * Parameters: the contract's request. Result: sources, with marks as arrays; nextMarkAt, storeNow.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { PLANNED_ONCE } from './planned-once.ts'
import { rollupJson } from './window-columns.ts'

/** Shares of one source, if others leave them. */
const MOST_SHARES = 4

const MARK = 'm.id, m.from_at, m.to_at, m.kind, m.marked_at'

export const windowsCollect: SqlFunction = {
  name: 'windows_collect',
  sql: /* sql */ `
create or replace function windows_collect(p json) returns json language plpgsql ${PLANNED_ONCE} as $$
declare
  v_now bigint := coalesce((p->>'now')::bigint, store_now());
  v_limit int := (p->>'limit')::int;
  v_asked text[] := array(select s from json_array_elements_text(p->'sources') s);
  v_is_all boolean := p->'sources' is null;
  v_share int;
  v_names text[];
  v_tokens bigint[];
  v_next bigint;
  v_sources json;
begin
  -- The tokens are read before anything else: what changes after them makes a drain stale.
  select array_agg(s.name order by s.token, s.name), array_agg(s.token order by s.token, s.name) into v_names, v_tokens
  from mark_sources s
  where (v_is_all or s.name = any (v_asked)) and (
    (select true from marks m where m.source = s.name and m.parked_until is null order by m.id limit 1)
    or (select true from marks m where m.source = s.name and m.parked_until <= v_now order by m.parked_until limit 1)
  );
  select min(n.parked_until) into v_next
  from mark_sources s
  cross join lateral (
    select m.parked_until from marks m where m.source = s.name and m.parked_until > v_now order by m.parked_until limit 1
  ) n
  where v_is_all or s.name = any (v_asked);
  if v_names is null or v_limit <= 0 then
    return json_build_object('sources', '[]'::json, 'nextMarkAt', v_next, 'storeNow', v_now);
  end if;
  v_share := least(v_limit, ${MOST_SHARES} * ceil(v_limit::numeric / cardinality(v_names))::int);

  with found as (
    select s.turn, s.name, s.token, m.*, row_number() over (partition by s.turn order by m.id) as nth
    from unnest(v_names, v_tokens) with ordinality s(name, token, turn)
    cross join lateral (
      select x.*
      from (
        (select ${MARK} from marks m where m.source = s.name and m.parked_until is null order by m.id limit v_share + 1)
        union all
        (select ${MARK} from marks m where m.source = s.name and m.parked_until <= v_now order by m.parked_until limit v_share + 1)
      ) x
      order by x.id limit v_share + 1
    ) m
  ), taken as (
    select f.* from found f order by f.nth, f.turn limit v_limit
  ), given as (
    select t.turn, t.name, t.token, count(*) as count,
      json_agg(json_build_array(t.id, t.from_at, t.to_at, t.kind, t.marked_at) order by t.id) as marks
    from taken t group by t.turn, t.name, t.token
  ), readers as materialized (
    select n.name, json_agg(${rollupJson('u')} order by u.id) as rollups
    from rollups u cross join lateral unnest(u.sources) n(name)
    where n.name = any (array(select g.name from given g))
    group by n.name
  )
  select json_agg(json_build_object('source', g.name, 'token', g.token::text, 'rollups', r.rollups, 'marks', g.marks,
    'more', (select count(*) from found f where f.turn = g.turn) > g.count) order by g.turn)
  into v_sources
  from given g join readers r on r.name = g.name;
  return json_build_object('sources', coalesce(v_sources, '[]'), 'nextMarkAt', v_next, 'storeNow', v_now);
end
$$`,
}
