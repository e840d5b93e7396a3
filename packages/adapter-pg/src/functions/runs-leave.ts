/**
 * `runs_leave(p)`: the clean end of an owner: what it held is pending again, as if it had never been claimed. It never comes
 * back, known before or not.
 *
 * Parameters: owner, now. Result: released, how many runs it gave back; hints.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { PLANNED_ONCE } from './planned-once.ts'

export const runsLeave: SqlFunction = {
  name: 'runs_leave',
  sql: /* sql */ `
create or replace function runs_leave(p json) returns json language plpgsql ${PLANNED_ONCE} as $$
declare
  v_now bigint := coalesce((p->>'now')::bigint, store_now());
  v_owner text := p->>'owner';
  v_ids text[];
  v_gates text[];
  v_stuck text[];
  v_ended text[];
  v_promoted int;
begin
  perform lock_definitions_shared();
  -- A renewal that is still on its way must not bring it to life.
  insert into owners (id, expires_at, ended_at) values (v_owner, v_now, v_now) on conflict (id) do nothing;
  if found then
    return json_build_object('released', 0);
  end if;
  perform 1 from owners o where o.id = v_owner and o.ended_at is null for update;
  if not found then
    return json_build_object('released', 0);
  end if;

  select array_agg(x.id) into v_ids
  from (
    select r.id from runs r where r.owner = v_owner and r.state <> 'waiting' order by r.id for update
  ) x;
  select array_agg(n.name) into v_gates from runs r cross join lateral unnest(r.gates) n(name) where r.id = any (v_ids);
  v_ended := give_back(coalesce(v_ids, '{}'), v_now);
  with gone as (
    delete from held_gates h where h.owner = v_owner returning h.gates
  )
  select array_agg(n.name) into v_stuck from gone g cross join lateral unnest(g.gates) n(name);
  v_gates := coalesce(v_gates, '{}') || coalesce(v_stuck, '{}');
  update owners o set ended_at = v_now, job_ids = '{}', hashes = '{}' where o.id = v_owner;
  v_promoted := release_gates(v_gates);
  return json_build_object('released', coalesce(cardinality(v_ids), 0),
    'hint', gather_hints(coalesce(cardinality(v_ids), 0) - cardinality(v_ended) + v_promoted > 0, v_gates, v_ended));
end
$$`,
}
