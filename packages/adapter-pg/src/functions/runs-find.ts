/**
 * `runs_find(p)`: a page of runs that match every filter given, newest created first.
 *
 * Each page is one statement, made of the filters that it has and planned with their values, so that the statistics of the
 * tables choose the index: by creation, by key, or by state. Without a job, history is read in stretches of creation,
 * over all jobs, each longer than the one before, until the page is full.
 *
 * Parameters: the contract's query. Result: runs, as `run_row` writes them.
 */
import type { SqlFunction } from '../schema/sql-function.ts'

export const runsFind: SqlFunction = {
  name: 'runs_find',
  sql: /* sql */ `
create or replace function runs_find(p json) returns json language plpgsql set jit = off as $$
declare
  v_limit int := (p->>'limit')::int;
  v_after text := p->>'after';
  v_key text := p->>'key';
  v_before bigint;
  v_jobs int[];
  v_states text[];
  v_filter text := '';
  v_runs text := 'false';
  v_history text := 'false';
  v_page json;
begin
  if p->>'job' is not null then
    v_jobs := array(select j.id from jobs j where j.name = p->>'job');
    if cardinality(v_jobs) = 0 then
      return json_build_object('runs', '[]'::json);
    end if;
    v_filter := v_filter || ' and x.job_id = ($1)[1]';
  end if;
  if v_after is not null then
    select a.sequence into v_before
    from (
      select r.sequence from runs r where r.id = v_after union all select h.sequence from history h where h.id = v_after
    ) a limit 1;
    -- The run to continue after is gone: ids sort by creation too.
    v_filter := v_filter || case when v_before is null then ' and x.id < $2' else ' and x.sequence < $3' end;
  end if;
  if v_key is null and p->>'schedule' is not null and v_jobs is not null then
    -- Runs of a schedule have its key.
    v_key := key_of_schedule(v_jobs[1], p->>'schedule');
  end if;
  if v_key is not null then
    v_filter := v_filter || ' and x.key = $4';
    if v_key <> '' then
      -- What the indexes of keys ask for.
      v_filter := v_filter || ' and x.key <> ''''';
    end if;
  end if;
  if json_typeof(p->'states') = 'array' then
    v_states := array(select e from json_array_elements_text(p->'states') e);
    v_filter := v_filter || ' and x.state = any ($5)';
  end if;
  if p->>'schedule' is not null then
    v_filter := v_filter || ' and x.schedule = $6';
  end if;
  if p->>'createdBefore' is not null then
    v_filter := v_filter || ' and x.created_at < $7';
  end if;
  if p->>'createdAfter' is not null then
    v_filter := v_filter || ' and x.created_at > $8';
  end if;
  if v_states is null or v_states && array['pending', 'waiting', 'running'] then
    v_runs := 'true' || v_filter;
  end if;
  if v_states is null or v_states && array['succeeded', 'dead', 'cancelled', 'skipped'] then
    v_history := 'true' || v_filter;
  end if;

  execute 'with recursive ' || case when v_jobs is not null then '
    finished as (
      select x.id, x.sequence from history x where ' || v_history || ' order by x.sequence desc limit $9
    )' else '
    stretches as (
      select null::text[] collate "C" as ids, null::bigint[] as sequences, coalesce($3, (select s.last_value from run_sequence s) + 1) as lowest,
        ($9 + 1000)::bigint as width, 0 as sum
      where ' || (v_history <> 'false')::text || '
      union all
      select n.ids, n.sequences, s.lowest - s.width, s.width * 4, s.sum + coalesce(cardinality(n.ids), 0)
      from stretches s cross join lateral (
        select array_agg(y.id) as ids, array_agg(y.sequence) as sequences
        from (
          select x.id, x.sequence from history x
          where x.job_id = any (array(select j.id from jobs j)) and x.sequence < s.lowest and x.sequence >= s.lowest - s.width and ' || v_history || '
          order by x.sequence desc limit $9
        ) y
      ) n
      where s.lowest > 0 and s.sum < $9
    ), finished as (
      select u.id, u.sequence from stretches s cross join lateral unnest(s.ids, s.sequences) u(id, sequence)
    )' end || ', unfinished as (
      select x.id, x.sequence from runs x where ' || v_runs || ' order by x.sequence desc limit $9
    ), page as (
      select f.id, f.sequence from (select * from unfinished union all select * from finished) f order by f.sequence desc limit $9
    )
    select json_agg(coalesce(
        (select run_row(r, j.name) from runs r join jobs j on j.id = r.job_id where r.id = g.id),
        (select history_row(h, j.name) from history h join jobs j on j.id = h.job_id where h.id = g.id)
      ) order by g.sequence desc)
    from page g'
  into v_page
  using v_jobs, v_after, v_before, v_key, v_states, p->>'schedule', (p->>'createdBefore')::bigint, (p->>'createdAfter')::bigint, v_limit;
  return json_build_object('runs', coalesce(v_page, '[]'));
end
$$`,
}
