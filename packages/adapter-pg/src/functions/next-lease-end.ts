/** `next_lease_end()`: the earliest end of the lease of a mutex that runs wait for. Null for none. Internal. */
import type { SqlFunction } from '../schema/sql-function.ts'

export const nextLeaseEnd: SqlFunction = {
  name: 'next_lease_end',
  sql: /* sql */ `
create or replace function next_lease_end() returns bigint language plpgsql as $$
begin
  return (
    -- Walks the mutexes that are waited at, not the leases, which may be many.
    with recursive waited as (
      (select r.waits_at from runs r where r.state = 'waiting' and r.waits_at >= 'mutex:' order by r.waits_at limit 1)
      union all
      select n.waits_at from waited w cross join lateral (
        select r.waits_at from runs r where r.state = 'waiting' and r.waits_at > w.waits_at order by r.waits_at limit 1
      ) n
      where w.waits_at < 'mutex;'
    )
    select min(l.expires_at)
    from waited w join leases l on l.name = substr(w.waits_at, 7)
    where w.waits_at like 'mutex:%' and l.holder <> '');
end
$$`,
}
