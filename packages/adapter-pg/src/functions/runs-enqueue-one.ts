/**
 * `runs_enqueue_one(id, job, key, payload, priority, overlap, trace, channel, message)`: a single plain request, due at once and without
 * gates, of a job that is known: what most triggers are. Without JSON, and in one statement, it is written in little more time than
 * a bare row; everything else is `runs_enqueue`'s.
 *
 * Parameters: those of the request, as text; an empty payload or trace is none, and an empty channel tells nobody. Result: the store's clock
 * and the hint; null where nothing was written, and `runs_enqueue` must be asked: the job or the id is not new.
 */
import { BY_KEY } from './leases-acquire-one.ts'
import { SHARE_DEFINITIONS } from './lock-definitions.ts'
import type { SqlFunction } from '../schema/sql-function.ts'

export const runsEnqueueOne: SqlFunction = {
  name: 'runs_enqueue_one',
  sql: /* sql */ `
create or replace function runs_enqueue_one(
  p_id text, p_job text, p_key text, p_payload text, p_priority text, p_overlap text, p_trace text, p_channel text, p_message text
) returns text language plpgsql ${BY_KEY} as $$
declare
  v_now bigint;
begin
  ${SHARE_DEFINITIONS}
  v_now := store_now();
  insert into runs (id, payload, job_id, key, trigger, priority, run_at, created_at, overlap, trace)
  select p_id, nullif(p_payload, ''), j.id, p_key, 'manual', p_priority::int, v_now, v_now, p_overlap, nullif(p_trace, '')
  from jobs j where j.name = p_job collate "C"
  on conflict (id) do nothing;
  if not found then
    return null;
  end if;
  -- The insert has waited for endings under way: what they filed is visible now.
  if exists (select 1 from history h where h.id = p_id collate "C") then
    delete from runs r where r.id = p_id collate "C";
    return null;
  end if;
  if p_channel <> '' then
    if pg_notify(p_channel, p_message) is null then end if;
  end if;
  return '{"storeNow":' || v_now || ',"hint":[{"kind":"work","of":"runs"}]}';
end
$$`,
}
