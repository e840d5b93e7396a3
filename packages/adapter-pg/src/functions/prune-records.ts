/**
 * `prune_records(run ids, skip ids)`: deletes finished runs and skip ranges, and folds those that belong to a ledger into
 * the counters of their schedule, whose horizon follows. Rows that somebody else has locked stay. Returns how many went.
 * Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { lookedUp } from './by-index.ts'

export const pruneRecords: SqlFunction = {
  name: 'prune_records',
  sql: /* sql */ `
create or replace function prune_records(p_runs text[], p_skips bigint[]) returns int language plpgsql as $$
declare
  v_schedules bigint[];
  v_pruned int;
begin
  if cardinality(p_runs) + cardinality(p_skips) = 0 then
    return 0;
  end if;
  -- Locked as late as possible: a schedule whose row is locked cannot be fired.
  select array_agg(x.id) into v_schedules
  from (
    select s.id from schedules s
    where s.id = any (array(
      select h.schedule_id from history h where h.id = any (p_runs) and h.trigger = 'schedule'
      union select k.schedule_id from skips k where k.id = any (p_skips)
    ))
    order by s.id for update
  ) x;
  with gone_runs as (
    delete from history h using (select x.id from history x where x.id = any (p_runs) for update skip locked) x
    where ${lookedUp('h.id', 'x.id')}
    returning h.schedule_id, h.slot, h.trigger, h.state, h.reason
  ), gone_skips as (
    delete from skips k using (select x.id from skips x where x.id = any (p_skips) and x.count is not null for update skip locked) x
    where ${lookedUp('k.id', 'x.id')}
    returning k.schedule_id, k.to_slot, k.reason, k.count
  ), records as (
    select g.schedule_id, g.slot, 1::bigint as count, case
      when g.state <> 'skipped' then g.state
      -- A handler skips in its own words.
      when g.reason in ('overlap', 'limit') then 'skipped:' || g.reason else 'skipped:handler' end as outcome
    from gone_runs g where g.schedule_id = any (v_schedules) and g.slot is not null and g.trigger = 'schedule'
    union all
    select g.schedule_id, g.to_slot, g.count, 'skipped:' || g.reason from gone_skips g where g.schedule_id = any (v_schedules)
  ), sums as (
    select u.schedule_id, u.outcome, sum(u.count)::bigint as count
    from (
      select r.schedule_id, r.outcome, r.count from records r
      union all
      select s.id, e.key, (e.value::text)::bigint from schedules s cross join lateral json_each(s.folded) e where s.id = any (v_schedules)
    ) u
    group by u.schedule_id, u.outcome
  ), written as (
    update schedules s set folded = f.folded, horizon = greatest(s.horizon, n.slot)
    from (select u.schedule_id, json_object_agg(u.outcome, u.count) as folded from sums u group by u.schedule_id) f
    join (select r.schedule_id, max(r.slot) as slot from records r group by r.schedule_id) n on n.schedule_id = f.schedule_id
    where ${lookedUp('s.id', 'f.schedule_id')}
  )
  select (select count(*) from gone_runs) + (select count(*) from gone_skips) into v_pruned;
  perform trim_history(s.id) from schedules s where s.id = any (v_schedules) and s.history::text <> '[]';
  return v_pruned;
end
$$`,
}
