/**
 * `tidy_gates(now)`: deletes gates that nobody has held for a day, once many have gathered. Of a large table a few pages
 * are looked at, others with each call. Whoever claims relies on gates that it has just seen: so it is done with the
 * definitions locked, which is given up at once when it takes waiting.
 * Returns how many went; null when there was nothing to do, or no lock. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { lookedUp } from './by-index.ts'
import { sampledShare } from './sampled-share.ts'

const IDLE_MS = 86_400_000
/** So many are worth the lock; and so many of a sample, for they stand for more. */
const MANY = 200
const MANY_OF_SAMPLE = 20
const BATCH = 1_000

const idle = /* sql */ `g.held = 0 and g.waiting = 0 and g.used_at < p_now - ${IDLE_MS}
      and not exists (select 1 from bids b where 'mutex:' || b.name = g.name)`

export const tidyGates: SqlFunction = {
  name: 'tidy_gates',
  sql: /* sql */ `
create or replace function tidy_gates(p_now bigint) returns int language plpgsql as $$
declare
  v_patience text := current_setting('lock_timeout');
  v_share float8 := ${sampledShare('gates')};
  v_names text[];
begin
  v_names := array(select g.name from gates g tablesample system (v_share) where ${idle} limit ${BATCH});
  if cardinality(v_names) < ${MANY_OF_SAMPLE} or (v_share = 100 and cardinality(v_names) < ${MANY}) then
    return null;
  end if;
  begin
    perform set_config('lock_timeout', '20ms', true);
    perform lock_definitions();
    perform set_config('lock_timeout', v_patience, true);
  exception when lock_not_available then
    return null;
  end;
  with gone as (
    delete from gates d using (select g.name from gates g where g.name = any (v_names) and ${idle} for update skip locked) x
    where ${lookedUp('d.name', 'x.name')}
    returning d.name
  )
  select array_agg(g.name) into v_names from gone g;
  delete from leases l where 'mutex:' || l.name = any (v_names);
  return coalesce(cardinality(v_names), 0);
end
$$`,
}
