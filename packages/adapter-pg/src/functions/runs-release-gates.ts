/**
 * `runs_release_gates(p)`: frees the gates of settled runs whose handlers have returned at last.
 *
 * Parameters: the contract's request. Result: hints.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { PLANNED_ONCE } from './planned-once.ts'

export const runsReleaseGates: SqlFunction = {
  name: 'runs_release_gates',
  sql: /* sql */ `
create or replace function runs_release_gates(p json) returns json language plpgsql ${PLANNED_ONCE} as $$
declare
  v_owner text := p->>'owner';
  v_gates text[];
  v_promoted int;
begin
  perform lock_definitions_shared();
  -- Its end releases them as well: one after the other.
  perform 1 from owners o where o.id = v_owner for update;
  with gone as (
    delete from held_gates h using json_to_recordset(p->'runs') as a("runId" text, fence bigint)
    where h.run_id = a."runId" and h.fence = a.fence and h.owner = v_owner
    returning h.gates
  )
  select array_agg(n.name) into v_gates from gone g cross join lateral unnest(g.gates) n(name);
  if v_gates is null then
    return json_build_object();
  end if;
  v_promoted := release_gates(v_gates);
  return json_build_object('hint', gather_hints(v_promoted > 0, v_gates, null));
end
$$`,
}
