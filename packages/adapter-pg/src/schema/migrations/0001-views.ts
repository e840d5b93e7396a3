/** Version 1: views for people, with names and with instants that can be read. No code of ours reads them. */

const at = (column: string): string => `to_timestamp(${column} / 1000.0)`

/** What unfinished and finished runs have in common. */
const run = (alias: string): string => `
  ${alias}.id, j.name as job, ${alias}.key, ${alias}.state, ${alias}.trigger, ${alias}.schedule, ${at(`${alias}.slot`)} as slot,
  ${at(`${alias}.run_at`)} as run_at, ${at(`${alias}.created_at`)} as created_at, ${at(`${alias}.started_at`)} as started_at`

const rest = (alias: string): string => `
  ${alias}.attempt, ${alias}.failures, ${alias}.crashes, nullif(${alias}.owner, '') as owner, ${alias}.fence, ${alias}.priority,
  ${alias}.gates, ${alias}.payload, ${alias}.progress, ${alias}.error, ${alias}.attempts`

export const views: string = /* sql */ `
-- Runs, finished or not.
create view runs_view as
select ${run('r')},
  null::timestamptz as finished_at, null::text as reason, null::text as result, ${rest('r')}
from runs r join jobs j on j.id = r.job_id
union all
select ${run('h')},
  ${at('h.finished_at')}, h.reason, h.result, ${rest('h')}
from history h join jobs j on j.id = h.job_id;

create view schedules_view as
select j.name as job, s.name, s.key, s.spec, s.payload, ${at('s.cursor')} as cursor, ${at('s.next_slot')} as next_slot,
  ${at('s.next_due_at')} as next_due_at, ${at('coalesce(s.suspended_at, j.suspended_at)')} as suspended_at,
  coalesce(s.suspended_reason, j.suspended_reason) as suspended_reason, s.quarantined, s.slots, s.last_run_id,
  ${at('s.created_at')} as created_at
from schedules s join jobs j on j.id = s.job_id;

-- Stretches of slots that were not run; a run that was skipped stands among the runs.
create view skips_view as
select j.name as job, s.name as schedule, k.key, k.reason, ${at('k.from_slot')} as from_slot, ${at('k.to_slot')} as to_slot, k.count,
  ${at('k.finished_at')} as recorded_at
from skips k join jobs j on j.id = k.job_id left join schedules s on s.id = k.schedule_id;

-- Processes that are, or were lately, at work.
create view owners_view as
select o.id, ${at('o.expires_at')} as expires_at, ${at('o.ended_at')} as ended_at,
  array(select j.name from jobs j where j.id = any (o.job_ids) order by j.name) as jobs,
  (select count(*) from runs r where r.owner = o.id and r.state = 'running') as running
from owners o;
`
