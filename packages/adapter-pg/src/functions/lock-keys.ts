/**
 * `lock_keys(keys)`: serialises what decides by looking at a whole (job, key) or at an idempotency key, to the end of the
 * transaction. Keys share 256 locks per schema, taken in one order, so that a large batch cannot exhaust the server's lock
 * table, and two batches cannot wait for each other. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'

/** The keys to be locked for requests, which are JSON: those of debounced, idempotent and skip-when-busy ones. */
export const keysOf = (requests: string): string => /* sql */ `array(
      select e->>'job' || '/k/' || (e->>'key') from json_array_elements(${requests}) e
      where e->'debounce' is not null or (e->>'skipWhenBusy')::boolean
      union all
      select e->>'job' || '/i/' || (e->'idempotency'->>'key') from json_array_elements(${requests}) e where e->'idempotency' is not null)`

export const lockKeys: SqlFunction = {
  name: 'lock_keys',
  sql: /* sql */ `
create or replace function lock_keys(p_keys text[]) returns void language plpgsql as $$
declare
  v_bucket int;
begin
  for v_bucket in select distinct abs(hashtext(u.key) % 256) from unnest(p_keys) u(key) order by 1 loop
    perform pg_advisory_xact_lock(hashtextextended(current_schema() || '/quarterjack-keys/' || v_bucket, 0));
  end loop;
end
$$`,
}
