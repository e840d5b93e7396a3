/**
 * `promote(gate)`: lets runs that wait at a gate go on, as many per job as it has room, so that a job that nobody can
 * run blocks no other. The caller has locked the gate's row. A run whose row somebody else has locked is left to them:
 * they hand its chance on. Returns how many went. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { lookedUp } from './by-index.ts'

export const promote: SqlFunction = {
  name: 'promote',
  sql: /* sql */ `
create or replace function promote(p_gate text) returns int language plpgsql as $$
declare
  v_gate gates;
  v_job int := 0;
  v_room bigint;
  v_gone int;
  v_sum int := 0;
begin
  select g.* into v_gate from gates g where g.name = p_gate collate "C";
  if not found or v_gate.waiting <= 0 then
    return 0;
  end if;
  v_room := coalesce(v_gate."limit"::bigint - v_gate.held, v_gate.waiting);
  if v_room <= 0 then
    return 0;
  end if;
  loop
    -- The next job that has anybody waiting here.
    select r.job_id into v_job from runs r
    where r.waits_at = p_gate collate "C" and r.state = 'waiting' and r.job_id > v_job
    order by r.job_id limit 1;
    exit when not found;
    -- A suspect waits for a process that holds no other: it takes no chance away from those behind it.
    update runs r set state = 'pending', waits_at = null
    from (
      select h.id from unnest(array[false, true]) k(suspect) cross join lateral (
        select w.id from runs w
        where w.waits_at = p_gate collate "C" and w.state = 'waiting' and w.job_id = v_job and w.suspect = k.suspect
        order by w.priority desc, w.run_at, w.sequence
        limit v_room for update skip locked
      ) h
    ) h
    where ${lookedUp('r.id', 'h.id')};
    get diagnostics v_gone = row_count;
    v_sum := v_sum + v_gone;
  end loop;
  if v_sum > 0 then
    update gates g set waiting = greatest(0, g.waiting - v_sum) where g.name = p_gate collate "C";
  end if;
  return v_sum;
end
$$`,
}
