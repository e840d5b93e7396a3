/**
 * `set_limits(job id, concurrency, rate max, rate per ms)`: sets what bounds a job's runs; those that waited for more room
 * go on. The caller has the definitions lock alone. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'

export const setLimits: SqlFunction = {
  name: 'set_limits',
  sql: /* sql */ `
create or replace function set_limits(p_job_id int, p_concurrency int, p_rate_max int, p_rate_per_ms bigint) returns void
language plpgsql as $$
declare
  v_gate text;
begin
  select 'job:' || j.name into v_gate from jobs j where j.id = p_job_id;
  perform 1 from gates g where g.name = v_gate for update;
  if found then
    update gates g set "limit" = p_concurrency where g.name = v_gate;
    perform promote(v_gate);
  end if;
  update jobs j set concurrency = p_concurrency, rate_max = p_rate_max, rate_per_ms = p_rate_per_ms where j.id = p_job_id;
end
$$`,
}
