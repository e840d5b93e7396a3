/**
 * `schedules_due({ owner, limit, aheadMs?, now? })` → `{ due, stretches, storeNow, nextDueAt }`: what is due of the owner's jobs,
 * or will be within `aheadMs`, earliest first, in columns (`rows/due-schedules.ts`). One look into the due index per known job tells which jobs have
 * anything due; those share the limit: an equal share first, then what others left, beginning with another job each time.
 *
 * Live owners that know a job divide its schedules among themselves by number, so that they do not all set out to fire the
 * same ones. Who has none of its own due is given those that another, chosen by chance, has left for a moment.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { PLANNED_ONCE } from './planned-once.ts'

const IS_LIVE = 's.suspended_at is null and s.quarantined is null'

/** So long the others leave what is due to its own owner, in ms: that of a process that is alive and does not fire is so late. */
const LEFT_FOR_MS = 50

/** Of the first so many batches that are due, each owner looks for its own. */
const BATCHES_LOOKED_AT = 20

/** What is due of job `t` and of the share that is looked at. */
const due = (columns: string): string => /* sql */ `
      select l.id${columns} from (
        select s.id, s.next_due_at from schedules s
        where s.job_id = t.job_id and s.next_due_at <= v_until and ${IS_LIVE}
        order by s.next_due_at limit v_look
      ) l
      where l.id % v_parties[t.turn] = v_shares[t.turn]
      order by l.next_due_at`

const NOTHING = `json_build_object('due', null, 'stretches', null, 'storeNow', v_now`

export const schedulesDue: SqlFunction = {
  name: 'schedules_due',
  sql: /* sql */ `
create or replace function schedules_due(p json) returns json language plpgsql stable ${PLANNED_ONCE} set enable_sort = off as $$
declare
  v_now bigint;
  v_owner text;
  v_limit int;
  v_ahead_ms int;
  v_look int;
  v_until bigint;
  v_known int[];
  v_next_due_at bigint;
  v_jobs int[];
  v_first int;
  v_equal int;
  v_parties int[];
  v_shares int[];
  v_full int[];
  v_ids bigint[];
  v_more bigint[];
  v_turn int;
  v_due json;
  v_stretches json;
begin
  select coalesce(x.now, store_now()), x.owner, x."limit", coalesce(x."aheadMs", 0) into v_now, v_owner, v_limit, v_ahead_ms
  from json_to_record(p) as x(now bigint, owner text, "limit" int, "aheadMs" int);
  v_until := v_now + v_ahead_ms;
  select o.job_ids into v_known from owners o where o.id = v_owner and o.ended_at is null and o.expires_at > v_now;
  if not found then
    return ${NOTHING});
  end if;
  select min(h.next_due_at), array_agg(k.job_id order by k.job_id) filter (where h.next_due_at <= v_until)
  into v_next_due_at, v_jobs
  from unnest(v_known) as k(job_id)
  cross join lateral (
    select s.next_due_at from schedules s
    where s.job_id = k.job_id and s.next_due_at is not null and ${IS_LIVE}
    order by s.next_due_at limit 1
  ) h
  where (select j.suspended_at is null from jobs j where j.id = k.job_id);
  if v_jobs is null or v_limit < 1 then
    return ${NOTHING}, 'nextDueAt', v_next_due_at);
  end if;

  -- Chance, not a counter: reading stays reading, and no rhythm of calls can favour a job.
  v_first := floor(random() * cardinality(v_jobs));
  v_jobs := v_jobs[v_first + 1:] || v_jobs[:v_first];
  v_equal := ceil(v_limit::numeric / cardinality(v_jobs));
  v_jobs := v_jobs[:v_limit];
  v_look := v_limit * ${BATCHES_LOOKED_AT};
  select array_agg(c.parties order by t.turn), array_agg(c.share order by t.turn) into v_parties, v_shares
  from unnest(v_jobs) with ordinality as t(job_id, turn)
  cross join lateral (
    select count(*) as parties, count(*) filter (where o.id < v_owner collate "C") as share from owners o
    where o.ended_at is null and o.expires_at > v_now and t.job_id = any (o.job_ids)
  ) c;
  loop
    select array_agg(d.id order by d.turn, d.nth), array_agg(d.turn order by d.turn) filter (where d.nth = v_equal)
    into v_ids, v_full
    from (
      select e.id, e.nth, t.turn
      from unnest(v_jobs) with ordinality as t(job_id, turn)
      cross join lateral (
        select o.id, row_number() over () as nth from (${due('')} limit v_equal) o
      ) e
    ) d;
    exit when v_ids is not null or v_until < v_now;
    -- None is its own. What another has left is taken share by share, or all who have nothing to do would set out for the same.
    v_until := v_now - ${LEFT_FOR_MS};
    v_shares := array(
      select (
        select s.id % v_parties[t.turn] from (
          select s.id from schedules s
          where s.job_id = t.job_id and s.next_due_at <= v_until and ${IS_LIVE}
          order by s.next_due_at limit v_look
        ) s
        order by random() limit 1
      )
      from unnest(v_jobs) with ordinality as t(job_id, turn) order by t.turn);
  end loop;

  if v_ids is null then
    select least(
      min(h.next_due_at) filter (where h.next_due_at > v_now),
      min(h.next_due_at) filter (where h.next_due_at <= v_now) + ${LEFT_FOR_MS} + floor(random() * ${LEFT_FOR_MS})::bigint)
    into v_next_due_at
    from unnest(v_known) as k(job_id)
    cross join lateral (
      (select s.next_due_at from schedules s
       where s.job_id = k.job_id and s.next_due_at <= v_now and ${IS_LIVE}
       order by s.next_due_at limit 1)
      union all
      (select s.next_due_at from schedules s
       where s.job_id = k.job_id and s.next_due_at > v_now and ${IS_LIVE}
       order by s.next_due_at limit 1)
    ) h
    where (select j.suspended_at is null from jobs j where j.id = k.job_id);
    return ${NOTHING}, 'nextDueAt', v_next_due_at);
  end if;

  v_ids := v_ids[:v_limit];
  foreach v_turn in array coalesce(v_full, '{}') loop
    exit when cardinality(v_ids) = v_limit;
    v_more := array(
      select o.id from (select v_jobs[v_turn] as job_id, v_turn as turn) t
      cross join lateral (${due('')} offset v_equal limit v_limit - cardinality(v_ids)) o
    );
    v_ids := v_ids || v_more;
  end loop;

  -- Column by column: a thousand small aggregations cost less than a hundred objects.
  select json_build_object(
    'jobs', (select json_agg(j.name order by u.place) from unnest(v_jobs) with ordinality u(id, place) join jobs j on j.id = u.id),
    'ofJob', json_agg(q.job_place), 'names', json_agg(q.name), 'keys', json_agg(q.key), 'incarnations', json_agg(q.incarnation),
    'generations', json_agg(q.generation), 'specs', json_agg(q.spec), 'payloads', json_agg(q.payload), 'cursors', json_agg(q.cursor),
    'nextSlots', json_agg(q.next_slot), 'nextDueAts', json_agg(q.next_due_at), 'slots', json_agg(q.slots),
    'createdAts', json_agg(q.created_at), 'rest', json_agg(q.rest))
  into v_due
  from (
    select s.*, array_position(v_jobs, s.job_id) as job_place, case
      when s.suspended_stretches::text <> '[]' or s.folded::text <> '{}' or s.horizon is not null or s.history::text <> '[]'
      then json_build_array(s.suspended_stretches, s.folded, s.horizon, s.history) end as rest
    from schedules s where s.id = any (v_ids)
    order by s.next_due_at, s.id
  ) q;
  select json_object_agg(j.name, j.suspended_stretches) into v_stretches
  from jobs j where j.id = any (v_jobs) and json_array_length(j.suspended_stretches) > 0;
  return json_build_object('due', v_due, 'stretches', v_stretches, 'storeNow', v_now, 'nextDueAt', v_next_due_at);
end
$$`,
}
