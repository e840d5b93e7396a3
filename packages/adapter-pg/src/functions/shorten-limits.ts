/**
 * `shorten_limits(statement, idle, transaction)`: how long, in ms, the server lets a statement of this transaction take, waits for
 * the next one, and lets all of it take. Limits that are shorter already stay. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'

export const shortenLimits: SqlFunction = {
  name: 'shorten_limits',
  sql: /* sql */ `
create or replace function shorten_limits(p_statement bigint, p_idle bigint, p_transaction bigint) returns void language plpgsql as $$
declare
  v_limit record;
begin
  for v_limit in
    select l.name, l.ms
    from (values
      ('statement_timeout', p_statement),
      ('idle_in_transaction_session_timeout', p_idle),
      -- From Postgres 17 on.
      ('transaction_timeout', p_transaction)
    ) l(name, ms)
    -- A setting is shown with its unit, as intervals are written.
    where extract(epoch from nullif(current_setting(l.name, true), '0')::interval) * 1000 > l.ms or current_setting(l.name, true) = '0'
  loop
    perform set_config(v_limit.name, v_limit.ms::text, true);
  end loop;
end
$$`,
}
