/**
 * `excess_skips(job, most, since, through, oldest, limit)`: skipped stretches of a job that are not among the newest of
 * their key, of the keys of which any was recorded after `since` and through `through`; and those from before `oldest`.
 * A stretch without a count cannot be added up: the audit counts it first. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'

export const excessSkips: SqlFunction = {
  name: 'excess_skips',
  sql: /* sql */ `
create or replace function excess_skips(p_job int, p_most bigint, p_since bigint, p_through bigint, p_oldest bigint, p_limit int)
returns bigint[] language plpgsql as $$
begin
  return array(
    select e.id
    from (
      select distinct s.key from skips s where s.job_id = p_job and s.finished_at > p_since and s.finished_at <= p_through
    ) k
    cross join lateral (
      select s.finished_at, s.id from skips s
      where s.job_id = p_job and s.key = k.key
      order by s.finished_at desc, s.id desc offset p_most limit 1
    ) b
    cross join lateral (
      select s.id from skips s
      where s.job_id = p_job and s.key = k.key and (s.finished_at, s.id) <= (b.finished_at, b.id) and s.count is not null
      order by s.finished_at, s.id limit p_limit
    ) e
    union
    (
      select s.id from skips s
      where s.job_id = p_job and s.finished_at < p_oldest and s.count is not null
      order by s.finished_at, s.id limit p_limit
    )
    limit p_limit
  );
end
$$`,
}
