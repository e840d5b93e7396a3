/**
 * `commits_begin(p)`: the first statement of a transaction that a handler shares with the end of its run. Looks whether the
 * run is still held, and limits how long the server waits for a process that froze within it: neither a statement nor the
 * wait for the next one outlasts the lease. Limits that are shorter already stay.
 *
 * Parameters: owner, runId, fence, withinMs. Result: held; transaction: its number, which tells it from any other, as instants do not where the clock is coarse.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { PLANNED_ONCE } from './planned-once.ts'

/** Who lives ends the transaction by itself, before the server does. */
const GRACE_MS = 1_000

export const commitsBegin: SqlFunction = {
  name: 'commits_begin',
  sql: /* sql */ `
create or replace function commits_begin(p json) returns json language plpgsql ${PLANNED_ONCE} as $$
declare
  v_within bigint := (p->>'withinMs')::bigint;
  v_until bigint;
  v_left bigint;
begin
  select o.expires_at into v_until
  from runs r join owners o on o.id = r.owner and o.ended_at is null
  where r.id = p->>'runId' and r.fence = (p->>'fence')::bigint and r.owner = p->>'owner';
  if not found then
    return json_build_object('held', false);
  end if;
  v_left := greatest(100, least(v_within + ${GRACE_MS}, v_until - store_now()));
  perform shorten_limits(v_left, v_left, v_within + ${GRACE_MS});
  return json_build_object('held', true, 'transaction', pg_current_xact_id()::text);
end
$$`,
}
