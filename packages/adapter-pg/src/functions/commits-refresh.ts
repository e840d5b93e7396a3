/**
 * `commits_refresh(p)`: the last statement of a transaction that somebody shares with the record of his refresh: see
 * `record_refreshes`. Records it if this is still the transaction that `commits_open` began.
 *
 * Unlike a record by itself, one that was made before is to be refused: the transaction that made it has committed, and others may hold
 * the windows since.
 *
 * Parameters: transaction, now; commit, one of the contract's. Result: status, `ended` when the transaction had ended before, `repeated`
 * when the refresh was recorded before; watermark, storeNow.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { PLANNED_ONCE } from './planned-once.ts'

export const commitsRefresh: SqlFunction = {
  name: 'commits_refresh',
  sql: /* sql */ `
create or replace function commits_refresh(p json) returns json language plpgsql ${PLANNED_ONCE} as $$
declare
  v_now bigint := coalesce((p->>'now')::bigint, store_now());
  v_reply json;
begin
  if pg_current_xact_id()::text <> p->>'transaction' then
    return json_build_object('status', 'ended', 'storeNow', v_now);
  end if;
  perform lock_definitions_shared();
  v_reply := record_refreshes(json_build_array(p->'commit'), v_now)->0;
  return json_build_object('status', case when (v_reply->>2)::boolean then '"repeated"'::json else v_reply->0 end, 'watermark', v_reply->1, 'storeNow', v_now);
end
$$`,
}
