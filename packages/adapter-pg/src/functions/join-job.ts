/**
 * `join_job(early job id, job id, now)`: moves all that stands under one job to another, whose own schedules, open runs and
 * idempotency keys win. The caller has the definitions lock alone, and has locked schedules, runs and history. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'

export const joinJob: SqlFunction = {
  name: 'join_job',
  sql: /* sql */ `
create or replace function join_job(p_early int, p_job_id int, p_now bigint) returns void language plpgsql as $$
declare
  v_lost bigint[] := array(
    select s.id from schedules s
    where s.job_id = p_early and (select true from schedules o where o.job_id = p_job_id and o.name = s.name)
  );
begin
  delete from skips k where k.schedule_id = any (v_lost);
  delete from schedules s where s.id = any (v_lost);
  update schedules s set job_id = p_job_id where s.job_id = p_early;
  update skips k set job_id = p_job_id where k.job_id = p_early;

  -- One run of a key takes triggers in: the one that came first.
  update runs r set open = false
  from debounces e
  join debounces d on d.job_id = p_job_id and d.key = e.key
  join runs o on o.id = d.open_run_id and o.open
  where e.job_id = p_early and r.id = e.open_run_id;
  insert into debounces (job_id, key, open_run_id, window_run_id, window_ends_at)
  select p_job_id, e.key, e.open_run_id, e.window_run_id, e.window_ends_at from debounces e where e.job_id = p_early
  on conflict (job_id, key) do update set
    open_run_id = case when exists (select 1 from runs o where o.id = debounces.open_run_id and o.open) then debounces.open_run_id
      else excluded.open_run_id end,
    window_run_id = case when debounces.window_ends_at > p_now then debounces.window_run_id else excluded.window_run_id end,
    window_ends_at = case when debounces.window_ends_at > p_now then debounces.window_ends_at else excluded.window_ends_at end;
  delete from debounces d where d.job_id = p_early;
  insert into idempotency (job_id, key, run_id, expires_at)
  select p_job_id, e.key, e.run_id, e.expires_at from idempotency e where e.job_id = p_early
  on conflict (job_id, key) do update set run_id = excluded.run_id, expires_at = excluded.expires_at
  where idempotency.expires_at <= p_now;
  delete from idempotency i where i.job_id = p_early;

  update runs r set job_id = p_job_id where r.job_id = p_early;
  update history h set job_id = p_job_id where h.job_id = p_early;
  -- What joined may be older than what retention has looked at.
  update jobs j set
    suspended_at = coalesce(j.suspended_at, e.suspended_at),
    suspended_reason = case when j.suspended_at is null then e.suspended_reason else j.suspended_reason end,
    pruned_to = 0,
    spared_from = 0,
    pruned_by = ''
  from jobs e
  where j.id = p_job_id and e.id = p_early;
end
$$`,
}
