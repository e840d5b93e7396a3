/**
 * `take_over_expired(now, runs, gates)`: ends the owners whose lease is over, and gives their runs back: those that had
 * begun as suspects, with their attempt recorded; the others as if they had never been claimed. A crash counts where a
 * suspect had begun, for then it was the only one. The third makes the run dead; one that was asked to cancel ends.
 * Gates are released, those of handlers that outlived their runs too. Costs one look at the few owners when none expired.
 *
 * `runs` and `gates` name further rows that the caller wants to lock: all are waited for in one order. The caller may hold
 * the definitions lock and rows of owners, but neither runs nor gates.
 *
 * Returns hints of what others may want to know; null when nothing was taken over. Otherwise the caller holds gates now,
 * so it must not wait for others. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { lookedUp } from './by-index.ts'

/** Owners that died while a run was their only suspect; so many make it dead. */
const MOST_CRASHES = 3

export const takeOverExpired: SqlFunction = {
  name: 'take_over_expired',
  sql: /* sql */ `
create or replace function take_over_expired(p_now bigint, p_runs text[] default '{}', p_gates text[] default '{}')
returns json language plpgsql as $$
declare
  v_owners text[];
  v_ids text[];
  v_gates text[];
  v_stuck text[];
  v_left int;
  v_ended text[];
  v_states text[];
  v_reasons text[];
  v_jobs int[];
  v_promoted int;
begin
  if exists (select 1 from owners o where o.ended_at is null and o.expires_at <= p_now) then
    perform lock_definitions_shared();
    select array_agg(x.id) into v_owners
    from (
      select o.id from owners o where o.ended_at is null and o.expires_at <= p_now order by o.id for update skip locked
    ) x;
  end if;
  if v_owners is null then
    if cardinality(p_runs) > 0 then
      perform lock_runs(p_runs);
    end if;
    if cardinality(p_gates) > 0 then
      perform 1 from gates g where g.name = any (p_gates) order by g.name for update;
    end if;
    return null;
  end if;

  -- Nothing joins these owners any more. A settlement under way is waited for: what it took is gone in the next look.
  v_ids := p_runs || array(select r.id from runs r where r.owner = any (v_owners) and r.state <> 'waiting');
  perform lock_runs(v_ids);
  with lost as (
    select r.id, o.id as owner_id, r.began and r.suspect and not o.survived as is_blamed
    from runs r join owners o on o.id = r.owner
    where r.id = any (v_ids) and r.owner = any (v_owners)
  ), given as (
    update runs r set
      state = 'pending', owner = '', began = false,
      crashes = r.crashes + l.is_blamed::int,
      suspect = r.suspect or r.began,
      attempt = r.attempt - (not r.began)::int,
      started_at = case when r.began then coalesce(r.started_at, p_now) else (r.attempts[cardinality(r.attempts)]->>'startedAt')::bigint end,
      attempts = case when not r.began then r.attempts else keep_attempts(r.attempts, attempt_record(
        r.attempt, case when l.is_blamed and r.crashes + 1 >= ${MOST_CRASHES} then 'crashed' else 'abandoned' end,
        r.owner, r.fence, coalesce(r.started_at, p_now), p_now, null, r.run_at)) end
    from lost l where ${lookedUp('r.id', 'l.id')}
    returning r.id, r.job_id, r.gates, r.crashes, r.cancel_requested, l.owner_id, l.is_blamed
  ), ended as (
    update owners o set
      ended_at = p_now, job_ids = '{}', hashes = '{}', unreported = n.runs, crashed = coalesce(n.crashed, '{}')
    from (
      select u.id, count(g.id)::int as runs, array_agg(g.id) filter (where g.is_blamed) as crashed
      from unnest(v_owners) u(id) left join given g on g.owner_id = u.id group by u.id
    ) n
    where o.id = n.id
  ), final as (
    select g.id, g.job_id, g.is_blamed and g.crashes >= ${MOST_CRASHES} as is_poison, g.crashes, g.cancel_requested
    from given g
  )
  select
    (select array_agg(n.name) from given g cross join lateral unnest(g.gates) n(name)),
    count(*) filter (where not f.is_poison and f.cancel_requested is null),
    array_agg(f.id) filter (where f.is_poison or f.cancel_requested is not null),
    array_agg(case when f.is_poison then 'dead' else 'cancelled' end) filter (where f.is_poison or f.cancel_requested is not null),
    array_agg(case when f.is_poison then 'crashed: ' || f.crashes || ' processes died while it was their only suspect' else f.cancel_requested end)
      filter (where f.is_poison or f.cancel_requested is not null),
    array_agg(f.job_id) filter (where f.is_poison)
  into v_gates, v_left, v_ended, v_states, v_reasons, v_jobs
  from final f;
  if v_ended is not null then
    perform end_runs(v_ended, v_states, v_reasons, p_now);
  end if;
  with gone as (
    delete from held_gates h where h.owner = any (v_owners) returning h.gates
  )
  select array_agg(n.name) into v_stuck from gone g cross join lateral unnest(g.gates) n(name);
  v_gates := coalesce(v_gates, '{}') || coalesce(v_stuck, '{}');

  perform 1 from gates g where g.name = any (v_gates || p_gates) order by g.name for update;
  v_promoted := release_gates(v_gates);
  if v_jobs is not null then
    perform 1 from jobs j where j.id = any (v_jobs) order by j.id for update;
    update jobs j set failures_in_a_row = j.failures_in_a_row + n.deaths
    from (select u.id, count(*)::int as deaths from unnest(v_jobs) u(id) group by u.id) n
    where j.id = n.id;
  end if;
  return coalesce(gather_hints(v_left + v_promoted > 0, v_gates, v_ended), '[]');
end
$$`,
}
