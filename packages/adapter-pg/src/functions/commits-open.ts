/**
 * `commits_open(p)`: the first statement of a transaction that somebody shares with the record of what he does in it. Limits how
 * long the server waits for a process that froze within it. Limits that are shorter already stay.
 *
 * Parameters: withinMs, of all of it; idleMs, between two statements. Result: transaction: its number, which tells it from any
 * other, as instants do not where the clock is coarse; backend and begunAt, by which its statement can be stopped from elsewhere.
 */
import type { SqlFunction } from '../schema/sql-function.ts'

export const commitsOpen: SqlFunction = {
  name: 'commits_open',
  sql: /* sql */ `
create or replace function commits_open(p json) returns json language plpgsql as $$
begin
  perform shorten_limits((p->>'withinMs')::bigint, (p->>'idleMs')::bigint, (p->>'withinMs')::bigint);
  return json_build_object(
    'transaction', pg_current_xact_id()::text, 'begunAt', extract(epoch from now())::text, 'backend', pg_backend_pid()::text);
end
$$`,
}
