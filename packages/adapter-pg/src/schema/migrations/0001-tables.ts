/** Version 1: every table. Instants are epoch milliseconds, so that compare-and-set of slots is exact. */

export const tables = /* sql */ `
-- A job, known by definition (generation > 0), or only because a run or a schedule names it.
create table jobs (
  id int generated always as identity primary key,
  name text collate "C" not null unique,
  generation int not null default 0,
  hash text collate "C" not null default '',
  superseded text[] not null default '{}',
  concurrency int,
  rate_max int,
  rate_per_ms bigint,
  rate_opened_at bigint not null default 0,
  rate_used int not null default 0,
  suspended_at bigint,
  suspended_reason text,
  suspended_stretches json not null default '[]',
  failures_in_a_row int not null default 0,
  -- Retention: history up to here was looked at, under the rule kept beside it.
  pruned_to bigint not null default 0,
  pruned_by text not null default '',
  -- Of keys of which anything was spared, some run finished after this: they are looked at again when its grace is over.
  spared_from bigint not null default 0
) with (fillfactor = 50);

-- Each firing writes its row anew, and with it its place in the due index: as with runs, pages keep room for that.
create table schedules (
  id bigint generated always as identity primary key with (fillfactor = 60),
  job_id int not null,
  name text collate "C" not null,
  key text collate "C" not null,
  incarnation text collate "C" not null,
  generation int not null default 1,
  spec text not null,
  payload text,
  cursor bigint not null,
  next_slot bigint,
  next_due_at bigint,
  suspended_at bigint,
  suspended_reason text,
  suspended_stretches json not null default '[]',
  slots bigint not null default 0,
  folded json not null default '{}',
  horizon bigint,
  history json not null default '[]',
  created_at bigint not null,
  quarantined text,
  -- Its newest run that was not skipped at once.
  last_run_id text collate "C",
  constraint schedules_job_id_name_key unique (job_id, name) with (fillfactor = 60)
) with (
  fillfactor = 60,
  autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0
);

create index schedules_due on schedules (job_id, next_due_at)
  where next_due_at is not null and suspended_at is null and quarantined is null;

create sequence run_sequence cache 1;

-- Unfinished runs only, so that what is looked at often stays small. Each is written anew when it is claimed: pages keep room
-- for that, in the table and in the index of ids, which would otherwise be split right after it was filled.
create table runs (
  id text collate "C" not null primary key with (fillfactor = 50),
  sequence bigint not null default nextval('run_sequence'),
  job_id int not null,
  key text collate "C" not null,
  state text collate "C" not null default 'pending',
  trigger text collate "C" not null,
  schedule_id bigint,
  schedule text collate "C",
  slot bigint,
  payload text,
  merging text[],
  priority int not null default 0,
  run_at bigint not null,
  created_at bigint not null,
  started_at bigint,
  overlap text collate "C" not null,
  gates text[] not null default '{}',
  waits_at text collate "C",
  attempt int not null default 0,
  failures int not null default 0,
  crashes int not null default 0,
  suspect boolean not null default false,
  -- The present attempt is known to execute.
  began boolean not null default false,
  -- Empty unless running.
  owner text collate "C" not null default '',
  fence bigint not null default 0,
  open boolean not null default false,
  debounced boolean not null default false,
  triggers bigint not null default 1,
  cancel_requested text,
  progress text,
  error json,
  attempts json[] not null default '{}',
  replay_of text collate "C",
  trace text,
  -- How the claim of the present fence was settled: outcome/to.
  settled text collate "C",
  constraint runs_state_check check (state in ('pending', 'waiting', 'running'))
) with (
  fillfactor = 50,
  autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_insert_scale_factor = 0.2, autovacuum_analyze_scale_factor = 0.2,
  autovacuum_vacuum_cost_delay = 0
);

-- Pending runs of a job in claim order (owner is empty), and the running ones of an owner.
create index runs_line on runs (owner, job_id, priority desc, run_at, sequence) where state <> 'waiting';
-- Runs of one (job, key), where anybody may ask for them: plain runs without key and gates are found in the line.
create index runs_key on runs (job_id, key) where key <> '' or gates <> '{}';
create index runs_waiting on runs (waits_at, job_id, priority desc, run_at, sequence) where state = 'waiting';
-- Suspects; and, after them, those between two attempts.
create index runs_attention on runs (suspect, job_id, started_at)
  where suspect or cancel_requested is not null or (started_at is not null and state <> 'running');

create table history (
  id text collate "C" not null primary key,
  sequence bigint not null,
  job_id int not null,
  key text collate "C" not null,
  state text collate "C" not null,
  trigger text collate "C" not null,
  schedule_id bigint,
  schedule text collate "C",
  slot bigint,
  payload text,
  merging text[],
  priority int not null,
  run_at bigint not null,
  created_at bigint not null,
  started_at bigint,
  finished_at bigint not null,
  overlap text collate "C" not null,
  gates text[] not null,
  attempt int not null,
  failures int not null,
  crashes int not null,
  suspect boolean not null,
  fence bigint not null,
  triggers bigint not null,
  cancel_requested text,
  reason text,
  progress text,
  result text,
  error json,
  attempts json[] not null,
  replay_of text collate "C",
  trace text,
  settled text collate "C",
  -- Outcome and owner of the last attempt where attempts lack it: the rest of it stands in this row.
  ending text collate "C",
  owner text collate "C",
  constraint history_state_check check (state in ('succeeded', 'dead', 'cancelled', 'skipped'))
) with (
  autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_insert_scale_factor = 0.2,
  autovacuum_vacuum_cost_delay = 1
);

-- Retention by count of keys.
create index history_key on history (job_id, key, state, finished_at, sequence) where key <> '';
-- Retention by age and of runs without a key, which stand apart; newest success and failure.
create index history_finished on history (job_id, state, (key = ''), finished_at, sequence);
-- Listings, newest created first.
create index history_sequence on history (job_id, sequence);
-- The ledger.
create index history_slot on history (schedule_id, slot) where slot is not null and trigger = 'schedule';

-- Stretches of slots that were not run.
create table skips (
  id bigint generated always as identity primary key,
  schedule_id bigint not null,
  job_id int not null,
  key text collate "C" not null,
  reason text collate "C" not null,
  from_slot bigint not null,
  to_slot bigint not null,
  count bigint,
  spec_generation int not null,
  finished_at bigint not null
);
create index skips_schedule on skips (schedule_id, from_slot);
-- Retention by count of a key, and by age.
create index skips_key on skips (job_id, key, finished_at, id);
create index skips_finished on skips (job_id, finished_at, id);

-- Counters that bound how many run at once; no limit is null.
create table gates (
  name text collate "C" not null primary key,
  "limit" int,
  held int not null default 0,
  waiting int not null default 0,
  -- Highest fence given to a holder.
  fence bigint not null default 0,
  used_at bigint not null default 0,
  -- Of a mutex: false means that there are no bids for it.
  has_bids boolean not null default false
) with (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);

-- Who holds the gate mutex:<name> as a mutex.
create table leases (
  name text collate "C" not null primary key,
  holder text collate "C" not null,
  fence bigint not null,
  expires_at bigint not null
) with (fillfactor = 60);

create table bids (
  id bigint generated always as identity,
  name text collate "C" not null,
  holder text collate "C" not null,
  until bigint not null,
  constraint bids_pkey primary key (name, holder)
) with (fillfactor = 60);

-- Processes. Ended ones are kept for a while, so that none comes back.
create table owners (
  id text collate "C" not null primary key,
  expires_at bigint not null,
  ended_at bigint,
  job_ids int[] not null default '{}',
  hashes text[] not null default '{}',
  -- Highest that it was given.
  fence bigint not null default 0,
  -- Its process goes on under another id: its runs do not crash.
  survived boolean not null default false,
  -- Runs to which its end was counted as a crash.
  crashed text[] not null default '{}',
  -- Expired, and not yet told of in a renewal: how many runs it had.
  unreported int
) with (fillfactor = 50);

-- Gates of settled runs whose handlers still execute.
create table held_gates (
  run_id text collate "C" not null,
  fence bigint not null,
  owner text collate "C" not null,
  gates text[] not null,
  constraint held_gates_pkey primary key (run_id, fence)
);
create index held_gates_owner on held_gates (owner);

create table idempotency (
  job_id int not null,
  key text collate "C" not null,
  run_id text collate "C" not null,
  expires_at bigint not null,
  constraint idempotency_pkey primary key (job_id, key)
);
create index idempotency_expires_at on idempotency (expires_at);

-- The run that takes triggers of a (job, key) in, and the window that a leading debounce opened.
create table debounces (
  job_id int not null,
  key text collate "C" not null,
  open_run_id text collate "C",
  window_run_id text collate "C",
  window_ends_at bigint not null default 0,
  constraint debounces_pkey primary key (job_id, key)
) with (fillfactor = 60);

-- Requests that were taken into another run, so that repeating one is harmless.
create table absorbed (
  request_id text collate "C" not null primary key,
  outcome text collate "C" not null,
  run_id text collate "C" not null,
  at bigint not null
);
create index absorbed_at on absorbed (at);

-- Triggers of users' transactions, until one of us takes them in.
create table trigger_log (
  id bigint generated always as identity primary key,
  request json not null
);
`
