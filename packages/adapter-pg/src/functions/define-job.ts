/**
 * `define_job(job id, registration)`: writes hash and limits of a job; true when they changed. The caller has the
 * definitions lock alone. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'

/** Former hashes that are kept. */
const MOST_SUPERSEDED = 50

export const defineJob: SqlFunction = {
  name: 'define_job',
  sql: /* sql */ `
create or replace function define_job(p_job_id int, p_one json) returns boolean language plpgsql as $$
declare
  v_old jobs;
  v_hash text := p_one->>'hash';
  v_concurrency int := (p_one->>'concurrency')::int;
  v_rate_max int := (p_one->'rateLimit'->>'max')::int;
  v_rate_per_ms bigint := (p_one->'rateLimit'->>'perMs')::bigint;
  v_superseded text[];
  v_has_new_limits boolean;
begin
  select j.* into v_old from jobs j where j.id = p_job_id;
  v_has_new_limits := v_old.concurrency is distinct from v_concurrency
    or v_old.rate_max is distinct from v_rate_max or v_old.rate_per_ms is distinct from v_rate_per_ms;
  if v_has_new_limits then
    perform set_limits(p_job_id, v_concurrency, v_rate_max, v_rate_per_ms);
  end if;
  v_superseded := v_old.superseded;
  if v_old.generation > 0 and v_old.hash <> v_hash then
    v_superseded := array_remove(v_superseded, v_hash) || v_old.hash;
    v_superseded := v_superseded[greatest(1, cardinality(v_superseded) - ${MOST_SUPERSEDED - 1}):];
  end if;
  update jobs j set hash = v_hash, superseded = v_superseded where j.id = p_job_id;
  return v_old.generation = 0 or v_has_new_limits or v_old.hash <> v_hash;
end
$$`,
}
