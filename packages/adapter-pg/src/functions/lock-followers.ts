/**
 * `lock_followers(settlements)`: makes the missing jobs of what successes bring about, and locks its keys: what `enqueue_requests` waits
 * for first. Done before the runs that end are locked, as whoever replaces runs has their key before their rows. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { keysOf } from './lock-keys.ts'

export const lockFollowers: SqlFunction = {
  name: 'lock_followers',
  sql: /* sql */ `
create or replace function lock_followers(p_settlements json) returns void language plpgsql as $$
declare
  v_requests json := (
    select json_agg(r) from json_array_elements(p_settlements) s cross join lateral json_array_elements(s->'enqueue') r
    where s->>'to' = 'succeeded');
begin
  if v_requests is not null then
    perform obtain_jobs(array(select distinct e->>'job' from json_array_elements(v_requests) e));
    perform lock_keys(${keysOf('v_requests')});
  end if;
end
$$`,
}
