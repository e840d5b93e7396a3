/**
 * `end_runs(ids, states, reasons, now)`: moves runs that nobody holds any more to history; their rows are locked by the
 * caller, who sees to their gates. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { fewBy } from './by-index.ts'
import { carriedFrom, HISTORY_COLUMNS } from './history-columns.ts'

export const endRuns: SqlFunction = {
  name: 'end_runs',
  sql: /* sql */ `
create or replace function end_runs(p_ids text[], p_states text[], p_reasons text[], p_now bigint) returns void language plpgsql as $$
begin
  with gone as (
    delete from runs r using unnest(p_ids, p_states, p_reasons) with ordinality u(id, ended_as, reason, place)
    where r.id = u.id and ${fewBy('u.place')}
    returning r.*, u.ended_as, u.reason
  )
  insert into history (${HISTORY_COLUMNS})
  select ${carriedFrom('g')}, g.ended_as, p_now, g.reason, null from gone g;
end
$$`,
}
