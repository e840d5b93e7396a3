/** Version 2: rollups, the marks of what changed, their windows, backfills. Instants are epoch milliseconds. */

export const rollups = /* sql */ `
-- One for all, so that a rollup that was forgotten and comes back is told from the former one.
create sequence rollup_generations;
create table rollups (
  id int generated always as identity primary key,
  name text collate "C" not null unique,
  generation bigint not null default nextval('rollup_generations'),
  hash text collate "C" not null,
  sources text[] not null,
  edges text not null,
  policy text not null,
  start_at bigint not null,
  watermark bigint not null,
  pace text
) with (fillfactor = 50);

-- Sources that rollups read. The token is a new one with each drain, and with each change of a definition.
create sequence source_tokens;
create table mark_sources (
  name text collate "C" not null primary key,
  token bigint not null default nextval('source_tokens')
) with (fillfactor = 50);

-- "Data in [from_at, to_at) of this source changed." Only ever appended to, by users' transactions as well, so nothing here makes
-- one wait for another: no key (rows are found by their source), one index entry each, and no truncation by vacuum.
create table marks (
  id bigint generated always as identity,
  source text collate "C" not null,
  from_at bigint not null,
  to_at bigint not null,
  -- added, changed, removed
  kind text collate "C" not null,
  marked_at bigint not null,
  -- About the future: hidden until then.
  parked_until bigint,
  -- Room for marks of a part of the range.
  scope text collate "C"
) with (
  autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000,
  autovacuum_vacuum_insert_scale_factor = 0.2, autovacuum_analyze_scale_factor = 0.2,
  autovacuum_vacuum_cost_delay = 0, vacuum_truncate = false
);
-- For publications of all tables: there is no key that could tell rows that are deleted.
alter table marks replica identity full;
create index marks_waiting on marks (source, id) where parked_until is null;
create index marks_parked on marks (source, parked_until) where parked_until is not null;

-- Late data of sealed windows. Apart from the rollups, whose rows a refresh holds until its commit.
create table sealed_marks (
  rollup_id int primary key,
  marks bigint not null,
  from_at bigint not null,
  to_at bigint not null,
  last_at bigint not null
);

-- Exceptional windows only, so few rows of a rollup; each is written anew when it is claimed and when it is refreshed.
create table windows (
  rollup_id int not null,
  start_at bigint not null,
  end_at bigint not null,
  seq bigint not null default 0,
  dirty_since bigint,
  removed boolean not null default false,
  complete boolean not null default false,
  refreshed_at bigint,
  attempts int not null default 0,
  error json,
  retry_at bigint,
  suspect text,
  backfill_id text collate "C",
  -- The run that took it, and under which fence; it holds the window for as long as it runs under that. Null once the refresh was recorded.
  run_id text collate "C",
  fence bigint not null default 0,
  -- When it was taken, it was due; and stamped for this backfill.
  taken_due boolean not null default false,
  taken_for text collate "C",
  -- What was drained since it was taken.
  later_since bigint,
  later_removed boolean not null default false,
  constraint windows_pkey primary key (rollup_id, start_at)
) with (
  fillfactor = 60,
  autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0
);
-- Oldest change first; failed ones and those that are held are among them.
create index windows_dirty on windows (rollup_id, dirty_since, start_at) where dirty_since is not null;
-- What is counted: each is read from its index alone.
create index windows_failed on windows (rollup_id, retry_at) where dirty_since is not null and error is not null;
create index windows_taken on windows (rollup_id) where run_id is not null;
create index windows_suspect on windows (rollup_id, start_at) where suspect is not null;
create index windows_stamped on windows (backfill_id, start_at) where backfill_id is not null;

-- What running runs have recorded, so that it is known when it is repeated. A window that failed has null as its seq.
create table window_commits (
  id bigint generated always as identity,
  run_id text collate "C" not null,
  fence bigint not null,
  rollup_id int not null,
  starts bigint[] not null,
  seqs bigint[] not null,
  constraint window_commits_pkey primary key (run_id, id)
) with (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);

create table backfills (
  id text collate "C" not null primary key,
  sequence bigint generated always as identity,
  rollup_id int not null,
  from_at bigint not null,
  to_at bigint not null,
  "select" text collate "C" not null,
  "order" text collate "C" not null,
  concurrency int not null,
  state text collate "C" not null default 'running',
  reason text,
  cursor bigint not null,
  exhausted boolean not null default false,
  windows bigint not null,
  stamped bigint not null default 0,
  done bigint not null default 0,
  failed bigint not null default 0,
  created_at bigint not null,
  finished_at bigint,
  constraint backfills_state_check check (state in ('running', 'paused', 'cancelled', 'finished'))
) with (fillfactor = 50);
create index backfills_rollup on backfills (rollup_id, sequence);
create index backfills_sequence on backfills (sequence);
create index backfills_unfinished on backfills (rollup_id, sequence) where finished_at is null;
`
