/**
 * `windows_claim(p)`: takes windows for runs that run under their fences. Takes over what expired owners left first.
 *
 * Nobody waits for a refresh here: whoever records one holds the windows, and rows that are held are not locked. First rows
 * that are there are locked, then missing ones are made, both in the order of rollups and starts: whoever makes rows locks no more.
 *
 * Parameters: the contract's request. Result: replies as [status, windows as arrays]; storeNow; hints.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { fewBy } from './by-index.ts'
import { SHARE_DEFINITIONS } from './lock-definitions.ts'
import { PLANNED_ONCE } from './planned-once.ts'
import { isFree } from './window-columns.ts'

/** Whether the run holds window `w` already, under this fence. */
const isAskedAgain = '(w.run_id is not null and w.run_id = v_claim.run_id and w.fence = v_claim.fence)'

export const windowsClaim: SqlFunction = {
  name: 'windows_claim',
  sql: /* sql */ `
create or replace function windows_claim(p json) returns json language plpgsql ${PLANNED_ONCE} as $$
declare
  v_now bigint := coalesce((p->>'now')::bigint, store_now());
  v_runs text[] := array(select e->>'runId' from json_array_elements(p->'claims') e);
  v_hint json;
  v_admitted record;
  -- Of each bid, in the order of rollups and starts: its claim, and what it says.
  v_claims bigint[];
  v_places bigint[];
  v_rollups int[];
  v_starts bigint[];
  v_ends bigint[];
  v_dues bigint[];
  v_whens text[];
  v_made_rollups int[];
  v_made_starts bigint[];
  v_locked bigint[];
  v_claim record;
  v_taken json;
  v_replies json[] := '{}';
begin
  ${SHARE_DEFINITIONS}
  v_hint := take_over_expired(v_now, v_runs);
  v_admitted := admit_refreshers(p->'claims');
  select array_agg(x.claim), array_agg(x.place), array_agg(x.rollup_id), array_agg(x.start_at), array_agg(x.end_at), array_agg(x.due_at),
    array_agg(x.when_)
  into v_claims, v_places, v_rollups, v_starts, v_ends, v_dues, v_whens
  from (
    select c.place as claim, b.place, v_admitted.o_rollups[c.place] as rollup_id, b.start_at, b.end_at, b.due_at, b.when_
    from json_array_elements(p->'claims') with ordinality c(value, place)
    cross join lateral rows from (json_to_recordset(c.value->'windows') as (start bigint, "end" bigint, "dueAt" bigint, "when" text))
      with ordinality as b(start_at, end_at, due_at, when_, place)
    where v_admitted.o_statuses[c.place] = 'ok'
    order by 3, b.start_at, c.place, b.place
  ) x;

  if v_claims is not null then
    v_locked := array(
      select x.place
      from unnest(v_rollups, v_starts) with ordinality x(rollup_id, start_at, place)
      cross join lateral (
        select true from windows w
        where w.rollup_id = x.rollup_id and w.start_at = x.start_at and (w.run_id = any (v_runs) or ${isFree('w')})
        limit 1 for update
      ) w
      order by x.place);
    with made as (
      insert into windows (rollup_id, start_at, end_at)
      select x.rollup_id, x.start_at, max(x.end_at)
      from unnest(v_rollups, v_starts, v_ends, v_whens) with ordinality x(rollup_id, start_at, end_at, when_, place)
      where (x.when_ = 'any' or (x.when_ = 'missing' and x.end_at > (select u.watermark from rollups u where u.id = x.rollup_id limit 1)))
        and (select true from windows w where w.rollup_id = x.rollup_id and w.start_at = x.start_at limit 1) is null
      group by x.rollup_id, x.start_at order by x.rollup_id, x.start_at
      on conflict (rollup_id, start_at) do nothing
      returning rollup_id, start_at
    )
    select array_agg(m.rollup_id), array_agg(m.start_at) into v_made_rollups, v_made_starts from made m;
    if v_made_rollups is not null then
      v_locked := v_locked || array(
        select x.place from unnest(v_rollups, v_starts) with ordinality x(rollup_id, start_at, place)
        where (x.rollup_id, x.start_at) in (select * from unnest(v_made_rollups, v_made_starts)));
    end if;
  end if;

  for v_claim in
    select c.place, v_admitted.o_statuses[c.place] as status, c.value->>'runId' as run_id, (c.value->>'fence')::bigint as fence
    from json_array_elements(p->'claims') with ordinality c(value, place) order by c.place
  loop
    v_taken := null;
    if v_claim.status = 'ok' then
      with bids as materialized (
        select v_places[l.n] as place, v_rollups[l.n] as rollup_id, v_starts[l.n] as start_at, v_dues[l.n] as due_at, v_whens[l.n] as when_
        from unnest(v_locked) l(n) where v_claims[l.n] = v_claim.place
      ), taken as (
        update windows w set
          run_id = v_claim.run_id, fence = v_claim.fence,
          -- Asked again, it stays as it was taken: a first try that comes late knows less than the refresh under way.
          taken_due = case when ${isAskedAgain} then w.taken_due else v_now >= b.due_at end,
          taken_for = case when ${isAskedAgain} then w.taken_for else w.backfill_id end,
          later_since = case when ${isAskedAgain} then w.later_since end,
          later_removed = ${isAskedAgain} and w.later_removed,
          -- Were the run abandoned, nobody would know what it had done.
          dirty_since = coalesce(w.dirty_since, v_now)
        from bids b
        where w.rollup_id = b.rollup_id and w.start_at = b.start_at and ${fewBy('b.place')}
          and (w.run_id = v_claim.run_id or ${isFree('w')})
          and case b.when_
            when 'dirty' then w.dirty_since is not null
            when 'missing' then not w.complete and w.end_at > (select u.watermark from rollups u where u.id = w.rollup_id limit 1)
            when 'stamped' then (select f.state from backfills f where f.id = w.backfill_id limit 1) = 'running'
            else true end
        returning b.place, w.start_at, w.end_at, w.seq, w.removed
      )
      select json_agg(json_build_array(t.start_at, t.end_at, t.seq, t.removed) order by t.place) into v_taken from taken t;
    end if;
    v_replies := v_replies || json_build_array(case v_claim.status when 'ok' then 'claimed' else v_claim.status end, v_taken);
  end loop;
  return json_build_object('replies', to_json(v_replies), 'storeNow', v_now, 'hint', v_hint);
end
$$`,
}
