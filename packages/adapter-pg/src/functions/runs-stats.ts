/**
 * `runs_stats(p)`: what health needs to know of jobs. What is unfinished is counted in indexes, over all jobs at once; of
 * history only the newest of each state are looked at.
 *
 * Parameters: jobs, now. Result: storeNow; jobs in the order asked, as the contract's `JobStats`, with runs as `run_row`
 * writes them; owners. Of more than 1,000 schedules in a job, 1,000 are counted, and nextSlot is that of the 1,000 that are due first.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { PLANNED_ONCE } from './planned-once.ts'

/** Finished attempts told of. */
const MOST_RECENT = 100
/** The last run to start is looked for among so many that ended last, of each state. */
const MOST_LAST = 20
/** Schedules of a job that are looked at. */
const MOST_SCHEDULES = 1_000
/** A skip by a handler is looked for among so many skips. */
const MOST_SKIPS = 1_000

/** The newest finished runs of job `j` and a state: in the index of ends, plain ones and those with a key stand apart. */
const newest = (columns: string, { state, filter = '', most }: { state: string; filter?: string; most: number }): string => /* sql */ `(
    select h.*
    from (values (true), (false)) p(is_plain)
    cross join lateral (
      select ${columns}, h.finished_at, h.sequence from history h
      where h.job_id = j.id and h.state = ${state} and (h.key = '') = p.is_plain${filter}
      order by h.finished_at desc, h.sequence desc limit ${most}
    ) h
    order by h.finished_at desc, h.sequence desc limit ${most}
  )`

/** Runs of job `j` that were started and do not execute, newest start first: suspects and others stand apart in their index. */
const betweenAttempts = (columns: string, most: number): string => /* sql */ `
    select b.* from (values (true), (false)) p(is_suspect)
    cross join lateral (
      select ${columns} from runs r
      where r.suspect = p.is_suspect and r.job_id = j.id and r.started_at is not null and r.state <> 'running'
      order by r.started_at desc limit ${most}
    ) b
    order by b.started_at desc limit ${most}`

const record = (id: string): string => /* sql */ `(
      select coalesce(
        (select run_row(r, j.name) from runs r where r.id = ${id}),
        (select history_row(h, j.name) from history h where h.id = ${id}))
    )`

export const runsStats: SqlFunction = {
  name: 'runs_stats',
  sql: /* sql */ `
create or replace function runs_stats(p json) returns json language plpgsql ${PLANNED_ONCE} as $$
declare
  v_now bigint := coalesce((p->>'now')::bigint, store_now());
  v_ids int[] := array(select j.id from json_array_elements_text(p->'jobs') n(name) join jobs j on j.name = n.name);
  v_jobs json;
begin
  with recursive asked as materialized (
    select n.name as asked_name, n.place, j.* from json_array_elements_text(p->'jobs') with ordinality n(name, place) left join jobs j on j.name = n.name
  ), pending as (
    select r.job_id, count(*) as runs from runs r where r.owner = '' and r.job_id = any (v_ids) and r.state <> 'waiting' group by r.job_id
  ), waiting as (
    select r.job_id, count(*) as runs from runs r where r.state = 'waiting' and r.job_id = any (v_ids) group by r.job_id
  ), held as materialized (
    select r.job_id, r.id, r.started_at, r.fence, r.attempts from runs r where r.owner > '' and r.state <> 'waiting' and r.job_id = any (v_ids)
  ), running as (
    select h.job_id, count(*) as runs, (array_agg(h.id order by h.started_at desc, h.fence desc) filter (where h.started_at is not null))[1] as last_id
    from held h group by h.job_id
  ), tried as (
    select h.job_id, array_agg(a.attempt) as attempts from held h cross join lateral unnest(h.attempts) a(attempt) group by h.job_id
  ), heads as (
    select j.id as job_id, h.priority, h.run_at
    from asked j cross join lateral (
      select r.priority, r.run_at from runs r where r.owner = '' and r.job_id = j.id and r.state <> 'waiting' order by r.priority desc, r.run_at limit 1
    ) h
    union all
    select k.job_id, h.priority, h.run_at
    from heads k cross join lateral (
      select r.priority, r.run_at from runs r
      where r.owner = '' and r.job_id = k.job_id and r.state <> 'waiting' and r.priority < k.priority
      order by r.priority desc, r.run_at limit 1
    ) h
  ), oldest as (
    select h.job_id, min(h.run_at) as run_at from heads h group by h.job_id
  ), capable as (
    select k.job_id, count(*) as owners
    from owners o cross join lateral unnest(o.job_ids) k(job_id) where o.ended_at is null and o.expires_at > v_now group by k.job_id
  )
  select json_agg(json_build_object(
      'job', j.asked_name,
      'generation', coalesce(j.generation, 0),
      'pending', coalesce(pending.runs, 0),
      'waiting', coalesce(waiting.runs, 0),
      'running', coalesce(running.runs, 0),
      'oldestDueAt', case when oldest.run_at <= v_now then oldest.run_at end,
      'nextSlot', due.next_slot,
      'overdueSince', case when due.next_due_at <= v_now then due.next_due_at end,
      'schedules', (select count(*) from (select 1 from schedules s where s.job_id = j.id limit ${MOST_SCHEDULES}) s),
      'lastRun', ${record('last_run.id')},
      'lastSuccess', ${record('coalesce(good_skip.id, success.id)')},
      'lastFailure', ${record('failure.id')},
      'failuresInARow', coalesce(j.failures_in_a_row, 0),
      'recent', coalesce(recent.attempts, '[]'),
      'capableOwners', coalesce(capable.owners, 0),
      'suspended', case when j.suspended_at is not null then json_build_object('at', j.suspended_at, 'reason', j.suspended_reason) end,
      'resumedAt', (j.suspended_stretches->-1->>1)::bigint,
      'registeredAt', statics.registered_at,
      'statics', coalesce(statics.names, '[]'),
      'unfired', coalesce(statics.unfired, '[]')
    ) order by j.place)
  into v_jobs
  from asked j
  left join pending on pending.job_id = j.id
  left join waiting on waiting.job_id = j.id
  left join running on running.job_id = j.id
  left join tried on tried.job_id = j.id
  left join oldest on oldest.job_id = j.id
  left join capable on capable.job_id = j.id
  left join lateral (
    select min(d.next_slot) as next_slot, min(d.next_due_at) as next_due_at
    from (
      select s.next_slot, s.next_due_at from schedules s
      where s.job_id = j.id and s.next_due_at is not null and s.suspended_at is null and s.quarantined is null
      order by s.next_due_at limit ${MOST_SCHEDULES}
    ) d
  ) due on true
  left join lateral (
    select min(s.created_at) as registered_at,
      json_agg(s.name order by s.name) as names,
      json_agg(json_build_object('name', s.name, 'spec', s.spec) order by s.name)
        filter (where s.next_slot is null and s.slots = 0 and s.quarantined is null) as unfired
    from (
      select s.name, s.spec, s.created_at, s.next_slot, s.slots, s.quarantined from schedules s
      where s.job_id = j.id and s.name like '#%' limit ${MOST_SCHEDULES}
    ) s
  ) statics on true
  left join lateral ${newest('h.id', { state: "'succeeded'", most: 1 })} success on true
  left join lateral (
    select s.id
    from ${newest('h.id, h.reason', { state: "'skipped'", filter: ` and h.finished_at >= coalesce(success.finished_at, ${-(2 ** 53)})`, most: MOST_SKIPS })} s
    where s.reason like 'handler%'
    order by s.finished_at desc, s.sequence desc limit 1
  ) good_skip on true
  left join lateral ${newest('h.id', { state: "'dead'", most: 1 })} failure on true
  left join lateral (
    select x.id
    from (
      (select r.id, r.started_at, r.fence from runs r where r.id = running.last_id)
      union all
      (${betweenAttempts('r.id, r.started_at, r.fence', 1)})
      union all
      select h.id, h.started_at, h.fence
      from (values ('succeeded'), ('dead'), ('cancelled'), ('skipped')) s(state)
      cross join lateral ${newest('h.id, h.started_at, h.fence', { state: 's.state', most: MOST_LAST })} h
      where h.started_at is not null
    ) x
    order by x.started_at desc, x.fence desc limit 1
  ) last_run on true
  left join lateral (
    select json_agg(json_build_object(
        'outcome', y.attempt->'outcome',
        'latenessMs', greatest(0, y.started_at - (y.attempt->>'runAt')::bigint),
        'durationMs', greatest(0, y.finished_at - y.started_at)
      ) order by y.finished_at desc, y.fence desc) as attempts
    from (
      select a.attempt, (a.attempt->>'startedAt')::bigint as started_at, (a.attempt->>'finishedAt')::bigint as finished_at,
        (a.attempt->>'fence')::bigint as fence
      from (
        select tried.attempts
        union all
        (select b.attempts from (${betweenAttempts('r.attempts, r.started_at', MOST_RECENT)}) b)
        union all
        select h.attempts
        from (values ('succeeded'), ('dead'), ('cancelled'), ('skipped')) s(state)
        cross join lateral ${newest('history_attempts(h) as attempts', { state: 's.state', most: MOST_RECENT })} h
      ) x
      cross join lateral unnest(x.attempts) a(attempt)
      order by finished_at desc, fence desc limit ${MOST_RECENT}
    ) y
  ) recent on true;
  return json_build_object('storeNow', v_now, 'jobs', coalesce(v_jobs, '[]'),
    'owners', (select count(*) from owners o where o.ended_at is null and o.expires_at > v_now));
end
$$`,
}
