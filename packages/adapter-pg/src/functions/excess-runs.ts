/**
 * `excess_runs(job, succeeded, dead, since, through, grace_from, ids, limit, until)`: finished runs of a job that are not among
 * the newest of their (key, state), each up to the first that is spared: one that was triggered and finished after
 * `grace_from`, and is not beyond as many as may be spared. Looks at the keys of which anything finished after `since` and
 * through `through`, in stretches of history, until the limit is reached or the time is up.
 *
 * Results: the ids, added to those given, oldest of each key first; the instant through which everything was looked at; whether that is all there
 * is; whether there was anything to look at; whether any was spared. Internal.
 */
import { MAX_SPARED } from '@quarterjack/core/store'
import type { SqlFunction } from '../schema/sql-function.ts'

/** Finished runs per stretch: what a call does beyond its time at most. */
const STRETCH = 2_000

/**
 * Finished runs of `state` of the job, as they stand in the index of ends: plain ones and those with a key apart. `filter`
 * ends in a limit or an offset, which keeps it from becoming a join.
 */
const ended = (select: string, state: string, filter: string): string => /* sql */ `
  (values (true), (false)) p(is_plain)
  cross join lateral (
    ${select} from history h
    where h.job_id = p_job and h.state = ${state} and (h.key = '') = p.is_plain and h.finished_at > ${filter}
  ) h`

/** Finished runs of the key `k.key`, by the index that has them: runs without a key are not in that of keys. */
const ofKey = (select: string, filter: string, order: string): string =>
  // Said so that the planner finds it in the index of ends: as `h.key = ''` alone it does not.
  ["k.key <> '' and h.key <> '' and h.key = k.key", "k.key = '' and (h.key = '') = (k.key = '')"]
    .map((which) => `(${select} from history h where ${which} and h.job_id = p_job and h.state = v_state ${filter} ${order})`)
    .join(' union all ')

/** More than any sequence. */
const ALL = '9223372036854775807'

/** Excess runs of the key that stand behind a place, where some finished within the grace at all. */
const youngSince = (finishedAt: string, sequence: string): string =>
  `b.finished_at > p_grace_from and (h.finished_at, h.sequence) > (${finishedAt}, ${sequence}) and (h.finished_at, h.sequence) <= (b.finished_at, b.sequence)`

export const excessRuns: SqlFunction = {
  name: 'excess_runs',
  sql: /* sql */ `
create or replace function excess_runs(
  p_job int, p_succeeded bigint, p_dead bigint, p_since bigint, p_through bigint, p_grace_from bigint,
  p_ids text[], p_limit int, p_until timestamptz,
  out o_ids text[], out o_through bigint, out o_is_all boolean, out o_is_news boolean, out o_spares boolean
) language plpgsql as $$
declare
  v_state text;
  v_to bigint;
  v_more text[];
  v_spares boolean;
begin
  o_ids := p_ids;
  o_spares := false;
  o_through := p_since;
  o_is_news := exists (
    select 1 from (values ('succeeded'), ('dead'), ('cancelled'), ('skipped')) s(state)
    cross join ${ended('select 1', 's.state', 'p_since and h.finished_at <= p_through limit 1')}
  );
  o_is_all := not o_is_news;
  while not o_is_all and (o_through = p_since or clock_timestamp() < p_until) loop
    select x.finished_at into v_to
    from (
      select h.finished_at
      from (values ('succeeded'), ('dead'), ('cancelled'), ('skipped')) s(state)
      cross join ${ended('select h.finished_at', 's.state', `o_through and h.finished_at <= p_through order by h.finished_at limit ${STRETCH + 1}`)}
    ) x
    order by x.finished_at offset ${STRETCH} limit 1;
    foreach v_state in array array['succeeded', 'dead', 'cancelled', 'skipped'] loop
      with crowded as materialized (
        -- What goes ends with them; before the first that is spared, if there is one.
        select k.key, coalesce(s.finished_at, b.finished_at) as finished_at, coalesce(s.sequence - 1, b.sequence) as sequence,
          s.sequence is not null as spares
        from (
          select distinct h.key from ${ended('select h.key', 'v_state', 'o_through and h.finished_at <= coalesce(v_to, p_through) offset 0')}
        ) k
        cross join lateral (
          ${ofKey('select h.finished_at, h.sequence', '', "order by h.finished_at desc, h.sequence desc offset case when v_state = 'dead' then p_dead else p_succeeded end limit 1")}
        ) b
        -- The newest of those that are too many to be spared.
        left join lateral (
          ${ofKey('select h.finished_at, h.sequence', `and ${youngSince('p_grace_from', ALL)}`, `order by h.finished_at desc, h.sequence desc offset ${MAX_SPARED} limit 1`)}
        ) c on true
        left join lateral (
          ${ofKey('select h.finished_at, h.sequence', `and ${youngSince('coalesce(c.finished_at, p_grace_from)', `coalesce(c.sequence, ${ALL})`)} and h.trigger <> 'schedule'`, 'order by h.finished_at, h.sequence limit 1')}
        ) s on true
      )
      -- No more keys are looked at than it takes to reach the limit.
      select x.ids, case when coalesce(cardinality(x.ids), 0) + cardinality(o_ids) < p_limit
        then exists (select 1 from crowded k where k.spares) else false end
      into v_more, v_spares
      from (
        select array_agg(x.id) as ids
        from (
          select e.id
          from crowded k
          cross join lateral (
            ${ofKey('select h.id', 'and (h.finished_at, h.sequence) <= (k.finished_at, k.sequence)', 'order by h.finished_at, h.sequence limit p_limit')}
          ) e
          where e.id <> all (o_ids)
          limit p_limit - cardinality(o_ids)
        ) x
      ) x;
      o_ids := o_ids || v_more;
      o_spares := o_spares or v_spares;
      if cardinality(o_ids) >= p_limit then
        return;
      end if;
    end loop;
    o_is_all := v_to is null;
    o_through := coalesce(v_to, o_through);
  end loop;
end
$$`,
}
