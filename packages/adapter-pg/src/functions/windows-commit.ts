/**
 * `windows_commit(p)`: records refreshes, in a transaction of its own. See `record_refreshes`.
 *
 * Parameters: the contract's request. Result: replies as [status, watermark]; storeNow.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { SHARE_DEFINITIONS } from './lock-definitions.ts'
import { PLANNED_ONCE } from './planned-once.ts'

export const windowsCommit: SqlFunction = {
  name: 'windows_commit',
  sql: /* sql */ `
create or replace function windows_commit(p json) returns json language plpgsql ${PLANNED_ONCE} as $$
declare
  v_now bigint := coalesce((p->>'now')::bigint, store_now());
begin
  ${SHARE_DEFINITIONS}
  return json_build_object('replies', record_refreshes(p->'commits', v_now), 'storeNow', v_now);
end
$$`,
}
