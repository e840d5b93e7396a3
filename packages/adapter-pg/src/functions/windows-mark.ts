/**
 * `windows_mark(p)`: appends to the log of marks. With a user's transaction, the same insert is a statement of its own in that.
 *
 * Parameters: the contract's request. Result: storeNow.
 */
import type { SqlFunction } from '../schema/sql-function.ts'

export const windowsMark: SqlFunction = {
  name: 'windows_mark',
  sql: /* sql */ `
create or replace function windows_mark(p json) returns json language plpgsql as $$
declare
  v_now bigint := coalesce((p->>'now')::bigint, store_now());
begin
  perform append_marks(p->'marks', v_now);
  return json_build_object('storeNow', v_now);
end
$$`,
}
