/**
 * `change_gates(released, left, chances)`: everything that makes room at gates or leaves their lines, with their rows locked
 * together, by name: whoever locks gates in two goes could wait for somebody who waits for him.
 *
 * `released`: gates given back, one entry per hold. `left`: gates that runs stopped waiting at, one entry per run.
 * `chances`: gates of runs that left without having taken them: whoever waits there gets the chance instead.
 * Returns how many runs were let go.
 *
 * `release_gates(gates)` and `hand_on(gates)`: the first and the last alone. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { lookedUp } from './by-index.ts'

export const changeGates: SqlFunction = {
  name: 'change_gates',
  sql: /* sql */ `
create or replace function change_gates(p_released text[], p_left text[], p_chances text[]) returns int language plpgsql as $$
declare
  v_waited text[];
  v_gate text;
  v_sum int := 0;
begin
  if cardinality(p_released) + cardinality(p_left) + cardinality(p_chances) = 0 then
    return 0;
  end if;
  perform 1 from gates g where g.name = any (p_released || p_left || p_chances) order by g.name for update;
  if cardinality(p_released) + cardinality(p_left) > 0 then
    update gates g set held = greatest(0, g.held - n.holds), waiting = greatest(0, g.waiting - n.waits)
    from (
      select u.name, count(*) filter (where u.is_hold)::int as holds, count(*) filter (where not u.is_hold)::int as waits
      from (select r, true from unnest(p_released) r union all select l, false from unnest(p_left) l) u(name, is_hold)
      group by u.name
    ) n
    where ${lookedUp('g.name', 'n.name collate "C"')};
  end if;
  select array_agg(g.name order by g.name) into v_waited
  from gates g where g.name = any (p_released || p_chances) and g.waiting > 0;
  foreach v_gate in array coalesce(v_waited, '{}') loop
    v_sum := v_sum + promote(v_gate);
  end loop;
  return v_sum;
end
$$`,
}

export const releaseGates: SqlFunction = {
  name: 'release_gates',
  sql: /* sql */ `
create or replace function release_gates(p_gates text[]) returns int language plpgsql volatile as $$
begin
  return change_gates(p_gates, '{}', '{}');
end
$$`,
}

export const handOn: SqlFunction = {
  name: 'hand_on',
  sql: /* sql */ `
create or replace function hand_on(p_gates text[]) returns int language plpgsql volatile as $$
begin
  return change_gates('{}', '{}', p_gates);
end
$$`,
}
