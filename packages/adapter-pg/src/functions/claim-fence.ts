/**
 * `claim_fence(now, seen)`: where the fences of a claim begin: above those of every owner that is known, above the store's
 * time in microseconds, and above the highest that the caller has seen. With a given instant, that decides. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'

/** `claim_fence(now, seen)` as an expression. */
export const claimFenceOf = (now: string, seen: string): string => /* sql */ `greatest(
    coalesce(${now} * 1000, (extract(epoch from clock_timestamp()) * 1000000)::bigint),
    coalesce(${seen}, 0) + 1,
    (select max(o.fence) + 1 from owners o))`

export const claimFence: SqlFunction = {
  name: 'claim_fence',
  sql: /* sql */ `
create or replace function claim_fence(p_now bigint, p_seen bigint) returns bigint language plpgsql volatile as $$
begin
  return ${claimFenceOf('p_now', 'p_seen')};
end
$$`,
}
