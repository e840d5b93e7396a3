/**
 * Plain successes alone, which is what most settlements are. Of each row only what history takes along is handed on, and what is
 * asked of it later comes from what was filed: wide rows that are kept and read several times cost more than to file them.
 *
 * A part of `runs_settle`.
 */
import { fewBy } from './by-index.ts'
import { CARRIED_COLUMNS, HISTORY_COLUMNS } from './history-columns.ts'

/** What a success decides. */
const DECIDED: Readonly<Record<string, string>> = {
  started_at: 'g.new_started_at',
  suspect: 'false',
  error: 'null',
  settled: "'succeeded/succeeded'",
}

const kept = CARRIED_COLUMNS.filter((column) => DECIDED[column] === undefined).map((column) => `r.${column}`)
const carried = CARRIED_COLUMNS.map((column) => DECIDED[column] ?? `g.${column}`)

/** Leaves in `v_ended`, `v_touched`, `v_good` and `v_gates` what has ended, the jobs of it, and the gates that are free again. */
export const SETTLE_SUCCESSES: string = /* sql */ `
    with given as materialized (
      select i.id as run_id, i.fence as at_fence, i.started_at as new_started_at, i.result
      from unnest(q.ids, q.fences, q.started_ats, q.results) as i(id, fence, started_at, result)
      where ${fewBy('i.fence')}
      order by i.id collate "C"
    ), gone as (
      delete from runs r using given s
      where r.id = s.run_id collate "C" and r.fence = s.at_fence and r.owner = q.owner collate "C"
      returning ${kept.join(', ')}, s.new_started_at, s.result
    ), filed as (
      insert into history as h (${HISTORY_COLUMNS}, ending, owner)
      select ${carried.join(', ')}, 'succeeded', v_now, null, g.result, 'succeeded', q.owner
      from gone g
      returning h.id, h.job_id, h.gates
    )
    select array_agg(f.id), array_agg(distinct f.job_id),
      (select array_agg(n.name) from filed e cross join lateral unnest(e.gates) n(name) where e.gates <> '{}')
    into v_ended, v_touched, v_gates
    from filed f;
    v_good := v_touched;`
