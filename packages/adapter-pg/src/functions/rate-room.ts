/**
 * `rate_room(job, now)`: how many runs of a job its rate limit lets be claimed now. The first claimer of a job holds its
 * limit to the end of the transaction; for others there is no room meanwhile. Internal.
 *
 * `spend_rate(job, claims, now)`: counts claims against the limit of their job; the first claim after a window ended opens
 * the next.
 */
import type { SqlFunction } from '../schema/sql-function.ts'

export const rateRoom: SqlFunction = {
  name: 'rate_room',
  sql: /* sql */ `
create or replace function rate_room(p_job int, p_now bigint) returns int language plpgsql as $$
declare
  v_room int;
begin
  if not pg_try_advisory_xact_lock(hashtextextended(current_schema() || '/quarterjack-rate/' || p_job, 0)) then
    return 0;
  end if;
  select case
      when j.rate_used = 0 or p_now < j.rate_opened_at or p_now >= j.rate_opened_at + j.rate_per_ms then j.rate_max
      else greatest(0, j.rate_max - j.rate_used)
    end
  into v_room from jobs j where j.id = p_job;
  return v_room;
end
$$`,
}

export const spendRate: SqlFunction = {
  name: 'spend_rate',
  sql: /* sql */ `
create or replace function spend_rate(p_job int, p_claims int, p_now bigint) returns void language plpgsql volatile as $$
begin
  update jobs j set
    rate_used = p_claims + case when j.rate_used = 0 or p_now < j.rate_opened_at or p_now >= j.rate_opened_at + j.rate_per_ms
      then 0 else j.rate_used end,
    rate_opened_at = case when j.rate_used = 0 or p_now < j.rate_opened_at or p_now >= j.rate_opened_at + j.rate_per_ms
      then p_now else j.rate_opened_at end
  where j.id = p_job and j.rate_max is not null;
end
$$`,
}
