/**
 * `lock_keys(keys)`: serialises what decides by looking at a whole (job, key) or at an idempotency key, to the end of the
 * transaction. Keys share 256 locks per schema, taken in one order, so that a large batch cannot exhaust the server's lock
 * table, and two batches cannot wait for each other. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'

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
