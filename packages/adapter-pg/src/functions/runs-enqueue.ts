/**
 * `runs_enqueue(p)`: requests become runs, or join one; with `claim`, what is new and due is claimed at once as far as gates
 * and the limit permit.
 *
 * Parameters: claim, now; `notify`, the channel and the message that tell other processes of work, which then goes out with the
 * commit, or null; the names of all jobs; plain requests in columns (see `enqueue-columns.ts`), others as records. Result:
 * outcomes as [outcome, id], first of the plain ones, or null when each was made under its own id; claimed runs in lots (see
 * `claimed-columns.ts`); the tick of the claiming owner; hints.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { ENQUEUE_COLUMNS, ENQUEUE_PLAIN } from './enqueue-columns.ts'
import { SHARE_DEFINITIONS } from './lock-definitions.ts'
import { PLANNED_ONCE } from './planned-once.ts'

export const runsEnqueue: SqlFunction = {
  name: 'runs_enqueue',
  sql: /* sql */ `
create or replace function runs_enqueue(p json) returns json language plpgsql ${PLANNED_ONCE} as $$
declare
  q record;
  v_now bigint;
  v_fence bigint;
  v_jobs int[];
  v_free int[];
  v_gates text[];
  v_made record;
  v_ids text[] := '{}';
  v_is_due boolean := false;
  v_are_new boolean;
  v_may_wait boolean := true;
  v_outcomes jsonb;
  v_claimed json;
  v_is_work boolean;
begin
  ${SHARE_DEFINITIONS}
  -- Parsed once: each look into JSON text reads all of it.
  select x.*, json_array_length(x.ids) as plain, json_array_length(x.others) as more, j.id as job_id into q
  from json_to_record(p) as x(now bigint, claim json, notify json, names json, others json, ${ENQUEUE_COLUMNS})
  left join jobs j on j.name = x.job collate "C";
  v_now := coalesce(q.now, store_now());
  if q.claim is not null then
    v_fence := claim_fence(q.now, (q.claim->>'seenFence')::bigint);
    v_jobs := open_claim(q.claim, v_now, v_fence);
    if v_jobs is not null then
      v_free := jobs_without_due(v_jobs, array(select e from json_array_elements_text(q.names) e), v_now);
    end if;
  end if;
  if q.plain > 0 then${ENQUEUE_PLAIN}
  end if;
  if q.more > 0 then
    v_made := enqueue_requests(q.others, v_now);
    perform change_gates('{}', v_made.o_left, v_made.o_chances);
    v_ids := v_ids || v_made.o_ids;
    v_is_due := v_is_due or v_made.o_is_due;
    v_may_wait := cardinality(v_made.o_left) + cardinality(v_made.o_chances) = 0;
  end if;
  if q.more > 0 or cardinality(v_ids) < q.plain then
    -- A repeated request is answered as the first time; one whose run was skipped at once is a special one.
    select coalesce(jsonb_agg(jsonb_build_array('created', i.id) order by i.place), '[]') into v_outcomes
    from json_array_elements_text(q.ids) with ordinality i(id, place);
    if q.more > 0 then
      v_outcomes := v_outcomes || coalesce(v_made.o_outcomes::jsonb, (
        select jsonb_agg(jsonb_build_array('created', e.value->>'id') order by e.place)
        from json_array_elements(q.others) with ordinality e(value, place)));
    end if;
  end if;
  if v_jobs is not null then
    v_claimed := claim_at_once(v_ids, q.claim, v_free, v_now, v_fence, v_may_wait);
  end if;
  v_is_work := v_is_due and (v_claimed is null or (v_claimed->>'count')::int < cardinality(v_ids));
  if v_is_work and q.notify is not null then
    if pg_notify(q.notify->>0, q.notify->>1) is null then end if;
  end if;
  return json_build_object('outcomes', v_outcomes, 'claimed', v_claimed->'lots',
    'tick', case when v_jobs is null then json_build_object('storeNow', v_now) else tick_for(q.claim->>'owner', v_jobs, v_now) end,
    'hint', case when v_is_work then '[{"kind":"work","of":"runs"}]'::json end);
end
$$`,
}
