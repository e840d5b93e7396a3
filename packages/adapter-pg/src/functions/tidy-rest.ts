/**
 * `tidy_rest(now)`: deletes what has served its time, in batches, and waits for nobody: idempotency keys that expired,
 * requests that were taken into other runs, debounces without a run or a window (of many, those in a few pages, others
 * with each call), ended owners, places in queues that were given up, mutexes that were released, commits of windows that nobody can repeat,
 * marks of a day ago whose source no rollup reads.
 * Returns whether there is likely more. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { fewBy, lookedUp } from './by-index.ts'
import { sampledShare } from './sampled-share.ts'
import { heldBy } from './window-columns.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
const BATCH = 2_000
/** Sources that are looked at. */
const MOST_SOURCES = 1_000

const idle = /* sql */ `d.window_ends_at <= p_now and not exists (select 1 from runs r where r.id = d.open_run_id and r.open)`

export const tidyRest: SqlFunction = {
  name: 'tidy_rest',
  sql: /* sql */ `
create or replace function tidy_rest(p_now bigint) returns boolean language plpgsql as $$
declare
  v_gone int;
  v_more boolean;
  v_jobs int[];
  v_keys text[];
  v_source text := '';
  v_sources int := 0;
  v_share float8 := ${sampledShare('debounces')};
begin
  delete from idempotency d
  using (select i.job_id, i.key from idempotency i where i.expires_at <= p_now order by i.expires_at limit ${BATCH} for update skip locked) x
  where ${lookedUp('d.job_id', 'x.job_id')} and d.key = x.key;
  get diagnostics v_gone = row_count;
  v_more := v_gone >= ${BATCH};

  delete from absorbed d
  using (select a.request_id from absorbed a where a.at < p_now - ${HOUR_MS} order by a.at limit ${BATCH} for update skip locked) x
  where ${lookedUp('d.request_id', 'x.request_id')};
  get diagnostics v_gone = row_count;
  v_more := v_more or v_gone >= ${BATCH};

  -- Whoever debounces the key has its lock, see lock_keys. Under the lock it is looked at again.
  select array_agg(x.job_id), array_agg(x.key) into v_jobs, v_keys
  from (
    select d.job_id, d.key from debounces d tablesample system (v_share) where ${idle} limit ${BATCH}
  ) x
  join jobs j on j.id = x.job_id
  where try_lock_key(j.name || '/k/' || x.key);
  delete from debounces d using unnest(v_jobs, v_keys) x(job_id, key)
  where ${lookedUp('d.job_id', 'x.job_id')} and d.key = x.key and ${idle};
  get diagnostics v_gone = row_count;
  -- Those of a sample stand for more.
  v_more := v_more or v_gone * 100 / v_share >= ${BATCH};

  -- The highest fence stays, whatever the clock does next.
  delete from owners d where d.id in (
    select o.id from owners o
    where o.ended_at < p_now - ${DAY_MS} and o.fence < (select max(m.fence) from owners m)
    limit ${BATCH} for update skip locked
  );
  delete from bids d using (select b.name, b.holder from bids b where b.until <= p_now limit ${BATCH} for update skip locked) x
  where d.name = x.name and d.holder = x.holder;
  -- Every claim looks at all that are there. Their fences are kept with the gates.
  delete from leases d
  using (select l.name from leases l where l.holder = '' and l.fence < (p_now - ${MINUTE_MS}) * 1000 limit ${BATCH} for update skip locked) x
  where ${lookedUp('d.name', 'x.name')};
  get diagnostics v_gone = row_count;
  v_more := v_more or v_gone >= ${BATCH};

  -- Whoever could repeat his commit is over.
  delete from window_commits d
  using (
    select c.run_id, c.id from window_commits c where ${heldBy('c')} is null limit ${BATCH} for update skip locked
  ) x
  where ${lookedUp('d.run_id', 'x.run_id')} and d.id = x.id;
  get diagnostics v_gone = row_count;
  v_more := v_more or v_gone >= ${BATCH};

  -- From source to source, by the index: triggers may be left of a rollup that was retired. Whoever comes to read one begins with all of
  -- his windows.
  loop
    select m.source into v_source from marks m where m.source > v_source and m.parked_until is null order by m.source limit 1;
    exit when not found or v_sources >= ${MOST_SOURCES};
    v_sources := v_sources + 1;
    continue when exists (select from mark_sources s where s.name = v_source);
    with oldest as materialized (
      select k.source, k.id, k.marked_at from marks k
      where k.source = v_source and k.parked_until is null order by k.id limit ${BATCH} for update skip locked
    ), unread as materialized (
      select o.source, o.id, row_number() over () as place from oldest o where o.marked_at < p_now - ${DAY_MS}
    )
    delete from marks d using unread x
    where d.source = x.source and d.id = x.id and d.parked_until is null and ${fewBy('x.place')};
    get diagnostics v_gone = row_count;
    v_more := v_more or v_gone >= ${BATCH};
  end loop;
  return v_more;
end
$$`,
}
