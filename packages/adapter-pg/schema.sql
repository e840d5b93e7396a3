create table absorbed (
  request_id text collate "C" not null,
  outcome text collate "C" not null,
  run_id text collate "C" not null,
  at bigint not null,
  constraint absorbed_pkey PRIMARY KEY (request_id)
);

create table backfills (
  id text collate "C" not null,
  sequence bigint not null generated always as identity,
  rollup_id integer not null,
  from_at bigint not null,
  to_at bigint not null,
  "select" text collate "C" not null,
  "order" text collate "C" not null,
  concurrency integer not null,
  state text collate "C" not null default 'running'::text,
  reason text,
  cursor bigint not null,
  exhausted boolean not null default false,
  windows bigint not null,
  stamped bigint not null default 0,
  done bigint not null default 0,
  failed bigint not null default 0,
  created_at bigint not null,
  finished_at bigint,
  constraint backfills_pkey PRIMARY KEY (id),
  constraint backfills_state_check CHECK ((state = ANY (ARRAY['running'::text, 'paused'::text, 'cancelled'::text, 'finished'::text])))
) with (fillfactor=50);

create table bids (
  id bigint not null generated always as identity,
  name text collate "C" not null,
  holder text collate "C" not null,
  until bigint not null,
  constraint bids_pkey PRIMARY KEY (name, holder)
) with (fillfactor=60);

create table debounces (
  job_id integer not null,
  key text collate "C" not null,
  open_run_id text collate "C",
  window_run_id text collate "C",
  window_ends_at bigint not null default 0,
  constraint debounces_pkey PRIMARY KEY (job_id, key)
) with (fillfactor=60);

create table gates (
  name text collate "C" not null,
  "limit" integer,
  held integer not null default 0,
  waiting integer not null default 0,
  fence bigint not null default 0,
  used_at bigint not null default 0,
  has_bids boolean not null default false,
  constraint gates_pkey PRIMARY KEY (name)
) with (autovacuum_vacuum_cost_delay=0, autovacuum_vacuum_scale_factor=0.05, fillfactor=60);

create table held_gates (
  run_id text collate "C" not null,
  fence bigint not null,
  owner text collate "C" not null,
  gates text[] not null,
  constraint held_gates_pkey PRIMARY KEY (run_id, fence)
);

create table history (
  id text collate "C" not null,
  sequence bigint not null,
  job_id integer not null,
  key text collate "C" not null,
  state text collate "C" not null,
  trigger text collate "C" not null,
  schedule_id bigint,
  schedule text collate "C",
  slot bigint,
  payload text,
  merging text[],
  priority integer not null,
  run_at bigint not null,
  created_at bigint not null,
  started_at bigint,
  finished_at bigint not null,
  overlap text collate "C" not null,
  gates text[] not null,
  attempt integer not null,
  failures integer not null,
  crashes integer not null,
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
  ending text collate "C",
  owner text collate "C",
  constraint history_pkey PRIMARY KEY (id),
  constraint history_state_check CHECK ((state = ANY (ARRAY['succeeded'::text, 'dead'::text, 'cancelled'::text, 'skipped'::text])))
) with (autovacuum_vacuum_cost_delay=1, autovacuum_vacuum_insert_scale_factor=0.2, autovacuum_vacuum_scale_factor=0.1);

create table idempotency (
  job_id integer not null,
  key text collate "C" not null,
  run_id text collate "C" not null,
  expires_at bigint not null,
  constraint idempotency_pkey PRIMARY KEY (job_id, key)
);

create table jobs (
  id integer not null generated always as identity,
  name text collate "C" not null,
  generation integer not null default 0,
  hash text collate "C" not null default ''::text,
  superseded text[] not null default '{}'::text[],
  concurrency integer,
  rate_max integer,
  rate_per_ms bigint,
  rate_opened_at bigint not null default 0,
  rate_used integer not null default 0,
  suspended_at bigint,
  suspended_reason text,
  suspended_stretches json not null default '[]'::json,
  failures_in_a_row integer not null default 0,
  pruned_to bigint not null default 0,
  pruned_by text not null default ''::text,
  spared_from bigint not null default 0,
  constraint jobs_name_key UNIQUE (name),
  constraint jobs_pkey PRIMARY KEY (id)
) with (fillfactor=50);

create table leases (
  name text collate "C" not null,
  holder text collate "C" not null,
  fence bigint not null,
  expires_at bigint not null,
  constraint leases_pkey PRIMARY KEY (name)
) with (fillfactor=60);

create table mark_sources (
  name text collate "C" not null,
  token bigint not null default nextval('source_tokens'::regclass),
  constraint mark_sources_pkey PRIMARY KEY (name)
) with (fillfactor=50);

create table marks (
  id bigint not null generated always as identity,
  source text collate "C" not null,
  from_at bigint not null,
  to_at bigint not null,
  kind text collate "C" not null,
  marked_at bigint not null,
  parked_until bigint,
  scope text collate "C"
) with (autovacuum_analyze_scale_factor=0.2, autovacuum_vacuum_cost_delay=0, autovacuum_vacuum_insert_scale_factor=0.2, autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_threshold=2000, vacuum_truncate=false);

create table meta (
  is_only boolean not null default true,
  version integer not null,
  oldest_code integer not null,
  constraint meta_is_only_check CHECK (is_only),
  constraint meta_pkey PRIMARY KEY (is_only)
);

create table migrations (
  version integer not null,
  name text not null,
  applied_at timestamp with time zone not null default clock_timestamp(),
  library text not null,
  constraint migrations_pkey PRIMARY KEY (version)
);

create table owners (
  id text collate "C" not null,
  expires_at bigint not null,
  ended_at bigint,
  job_ids integer[] not null default '{}'::integer[],
  hashes text[] not null default '{}'::text[],
  fence bigint not null default 0,
  survived boolean not null default false,
  crashed text[] not null default '{}'::text[],
  unreported integer,
  constraint owners_pkey PRIMARY KEY (id)
) with (fillfactor=50);

create table rollups (
  id integer not null generated always as identity,
  name text collate "C" not null,
  generation bigint not null default nextval('rollup_generations'::regclass),
  hash text collate "C" not null,
  sources text[] not null,
  edges text not null,
  policy text not null,
  start_at bigint not null,
  watermark bigint not null,
  pace text,
  constraint rollups_name_key UNIQUE (name),
  constraint rollups_pkey PRIMARY KEY (id)
) with (fillfactor=50);

create table runs (
  id text collate "C" not null,
  sequence bigint not null default nextval('run_sequence'::regclass),
  job_id integer not null,
  key text collate "C" not null,
  state text collate "C" not null default 'pending'::text,
  trigger text collate "C" not null,
  schedule_id bigint,
  schedule text collate "C",
  slot bigint,
  payload text,
  merging text[],
  priority integer not null default 0,
  run_at bigint not null,
  created_at bigint not null,
  started_at bigint,
  overlap text collate "C" not null,
  gates text[] not null default '{}'::text[],
  waits_at text collate "C",
  attempt integer not null default 0,
  failures integer not null default 0,
  crashes integer not null default 0,
  suspect boolean not null default false,
  began boolean not null default false,
  owner text collate "C" not null default ''::text,
  fence bigint not null default 0,
  open boolean not null default false,
  debounced boolean not null default false,
  triggers bigint not null default 1,
  cancel_requested text,
  progress text,
  error json,
  attempts json[] not null default '{}'::json[],
  replay_of text collate "C",
  trace text,
  settled text collate "C",
  constraint runs_pkey PRIMARY KEY (id),
  constraint runs_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'waiting'::text, 'running'::text])))
) with (autovacuum_analyze_scale_factor=0.2, autovacuum_vacuum_cost_delay=0, autovacuum_vacuum_insert_scale_factor=0.2, autovacuum_vacuum_scale_factor=0.05, autovacuum_vacuum_threshold=1000, fillfactor=50);

create table schedules (
  id bigint not null generated always as identity,
  job_id integer not null,
  name text collate "C" not null,
  key text collate "C" not null,
  incarnation text collate "C" not null,
  generation integer not null default 1,
  spec text not null,
  payload text,
  cursor bigint not null,
  next_slot bigint,
  next_due_at bigint,
  suspended_at bigint,
  suspended_reason text,
  suspended_stretches json not null default '[]'::json,
  slots bigint not null default 0,
  folded json not null default '{}'::json,
  horizon bigint,
  history json not null default '[]'::json,
  created_at bigint not null,
  quarantined text,
  last_run_id text collate "C",
  constraint schedules_job_id_name_key UNIQUE (job_id, name),
  constraint schedules_pkey PRIMARY KEY (id)
) with (autovacuum_vacuum_cost_delay=0, autovacuum_vacuum_scale_factor=0.05, autovacuum_vacuum_threshold=1000, fillfactor=60);

create table sealed_marks (
  rollup_id integer not null,
  marks bigint not null,
  from_at bigint not null,
  to_at bigint not null,
  last_at bigint not null,
  constraint sealed_marks_pkey PRIMARY KEY (rollup_id)
);

create table skips (
  id bigint not null generated always as identity,
  schedule_id bigint not null,
  job_id integer not null,
  key text collate "C" not null,
  reason text collate "C" not null,
  from_slot bigint not null,
  to_slot bigint not null,
  count bigint,
  spec_generation integer not null,
  finished_at bigint not null,
  constraint skips_pkey PRIMARY KEY (id)
);

create table trigger_log (
  id bigint not null generated always as identity,
  request json not null,
  constraint trigger_log_pkey PRIMARY KEY (id)
);

create table window_commits (
  id bigint not null generated always as identity,
  run_id text collate "C" not null,
  fence bigint not null,
  rollup_id integer not null,
  starts bigint[] not null,
  seqs bigint[] not null,
  constraint window_commits_pkey PRIMARY KEY (run_id, id)
) with (autovacuum_vacuum_cost_delay=0, autovacuum_vacuum_scale_factor=0.05, autovacuum_vacuum_threshold=1000);

create table windows (
  rollup_id integer not null,
  start_at bigint not null,
  end_at bigint not null,
  seq bigint not null default 0,
  dirty_since bigint,
  removed boolean not null default false,
  complete boolean not null default false,
  refreshed_at bigint,
  attempts integer not null default 0,
  error json,
  retry_at bigint,
  suspect text,
  backfill_id text collate "C",
  run_id text collate "C",
  fence bigint not null default 0,
  taken_due boolean not null default false,
  taken_for text collate "C",
  later_since bigint,
  later_removed boolean not null default false,
  constraint windows_pkey PRIMARY KEY (rollup_id, start_at)
) with (autovacuum_vacuum_cost_delay=0, autovacuum_vacuum_scale_factor=0.05, autovacuum_vacuum_threshold=1000, fillfactor=60);

create sequence rollup_generations increment 1 cache 1;
create sequence run_sequence increment 1 cache 1;
create sequence source_tokens increment 1 cache 1;

CREATE INDEX absorbed_at ON absorbed USING btree (at);
CREATE INDEX backfills_rollup ON backfills USING btree (rollup_id, sequence);
CREATE INDEX backfills_sequence ON backfills USING btree (sequence);
CREATE INDEX backfills_unfinished ON backfills USING btree (rollup_id, sequence) WHERE (finished_at IS NULL);
CREATE INDEX held_gates_owner ON held_gates USING btree (owner);
CREATE INDEX history_finished ON history USING btree (job_id, state, ((key = ''::text)), finished_at, sequence);
CREATE INDEX history_key ON history USING btree (job_id, key, state, finished_at, sequence) WHERE (key <> ''::text);
CREATE INDEX history_sequence ON history USING btree (job_id, sequence);
CREATE INDEX history_slot ON history USING btree (schedule_id, slot) WHERE ((slot IS NOT NULL) AND (trigger = 'schedule'::text));
CREATE INDEX idempotency_expires_at ON idempotency USING btree (expires_at);
CREATE INDEX marks_parked ON marks USING btree (source, parked_until) WHERE (parked_until IS NOT NULL);
CREATE INDEX marks_waiting ON marks USING btree (source, id) WHERE (parked_until IS NULL);
CREATE INDEX runs_attention ON runs USING btree (suspect, job_id, started_at) WHERE (suspect OR (cancel_requested IS NOT NULL) OR ((started_at IS NOT NULL) AND (state <> 'running'::text)));
CREATE INDEX runs_key ON runs USING btree (job_id, key) WHERE ((key <> ''::text) OR (gates <> '{}'::text[]));
CREATE INDEX runs_line ON runs USING btree (owner, job_id, priority DESC, run_at, sequence) WHERE (state <> 'waiting'::text);
CREATE INDEX runs_waiting ON runs USING btree (waits_at, job_id, priority DESC, run_at, sequence) WHERE (state = 'waiting'::text);
CREATE INDEX schedules_due ON schedules USING btree (job_id, next_due_at) WHERE ((next_due_at IS NOT NULL) AND (suspended_at IS NULL) AND (quarantined IS NULL));
CREATE INDEX skips_finished ON skips USING btree (job_id, finished_at, id);
CREATE INDEX skips_key ON skips USING btree (job_id, key, finished_at, id);
CREATE INDEX skips_schedule ON skips USING btree (schedule_id, from_slot);
CREATE INDEX windows_dirty ON windows USING btree (rollup_id, dirty_since, start_at) WHERE (dirty_since IS NOT NULL);
CREATE INDEX windows_failed ON windows USING btree (rollup_id, retry_at) WHERE ((dirty_since IS NOT NULL) AND (error IS NOT NULL));
CREATE INDEX windows_stamped ON windows USING btree (backfill_id, start_at) WHERE (backfill_id IS NOT NULL);
CREATE INDEX windows_suspect ON windows USING btree (rollup_id, start_at) WHERE (suspect IS NOT NULL);
CREATE INDEX windows_taken ON windows USING btree (rollup_id) WHERE (run_id IS NOT NULL);

create view backfills_view (
  id text,
  rollup text,
  state text,
  reason text,
  from_at timestamp with time zone,
  to_at timestamp with time zone,
  select text,
  order text,
  concurrency integer,
  windows bigint,
  stamped bigint,
  done bigint,
  failed bigint,
  created_at timestamp with time zone,
  finished_at timestamp with time zone
);

create view owners_view (
  id text,
  expires_at timestamp with time zone,
  ended_at timestamp with time zone,
  jobs text[],
  running bigint
);

create view rollups_view (
  rollup text,
  generation bigint,
  sources text[],
  start_at timestamp with time zone,
  watermark timestamp with time zone,
  dirty bigint,
  dirty_since timestamp with time zone,
  suspect bigint,
  sealed_marks bigint,
  sealed_last_at timestamp with time zone
);

create view runs_view (
  id text,
  job text,
  key text,
  state text,
  trigger text,
  schedule text,
  slot timestamp with time zone,
  run_at timestamp with time zone,
  created_at timestamp with time zone,
  started_at timestamp with time zone,
  finished_at timestamp with time zone,
  reason text,
  result text,
  attempt integer,
  failures integer,
  crashes integer,
  owner text,
  fence bigint,
  priority integer,
  gates text[],
  payload text,
  progress text,
  error json,
  attempts json[]
);

create view schedules_view (
  job text,
  name text,
  key text,
  spec text,
  payload text,
  cursor timestamp with time zone,
  next_slot timestamp with time zone,
  next_due_at timestamp with time zone,
  suspended_at timestamp with time zone,
  suspended_reason text,
  quarantined text,
  slots bigint,
  last_run_id text,
  created_at timestamp with time zone
);

create view skips_view (
  job text,
  schedule text,
  key text,
  reason text,
  from_slot timestamp with time zone,
  to_slot timestamp with time zone,
  count bigint,
  recorded_at timestamp with time zone
);

create view windows_view (
  rollup text,
  start_at timestamp with time zone,
  end_at timestamp with time zone,
  seq bigint,
  dirty_since timestamp with time zone,
  complete boolean,
  refreshed_at timestamp with time zone,
  attempts integer,
  error json,
  retry_at timestamp with time zone,
  suspect text,
  backfill text,
  run_id text
);

create function add_stretch(p_stretches json, p_from bigint, p_to bigint) returns json language plpgsql immutable; -- 9415df63a13fc957b5f1ad294b2729a8
create function admit_refreshers(p_refreshers json, OUT o_statuses text[], OUT o_rollups integer[]) returns record language plpgsql volatile; -- d78f632ed2064a7304daaf46bbc29f0f
create function append_marks(p_marks json, p_now bigint) returns void language plpgsql volatile; -- 071df9cc3066d231edaa2b29cb2603b7
create function attempt_record(p_number integer, p_outcome text, p_owner text, p_fence bigint, p_started_at bigint, p_finished_at bigint, p_error json, p_run_at bigint) returns json language sql stable; -- 66933eaefc0d58596840eb2ae5b9059b
create function backfills_control(p json) returns json language plpgsql volatile set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off set enable_seqscan=off set jit=off set plan_cache_mode=force_generic_plan set random_page_cost=0.2 set search_path=$schema, pg_temp; -- a0ffb684b3ade215d861789f8e8d4e68
create function backfills_create(p json) returns json language plpgsql volatile set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off set enable_seqscan=off set jit=off set plan_cache_mode=force_generic_plan set random_page_cost=0.2 set search_path=$schema, pg_temp; -- a202c3ce409dbe0fafd41c763bea2341
create function backfills_find(p json) returns json language plpgsql volatile set enable_bitmapscan=off set enable_seqscan=off set jit=off set random_page_cost=0.2 set search_path=$schema, pg_temp; -- e27a2a4eed0b9c8c8684c85c196aedb4
create function backfills_get(p json) returns json language plpgsql volatile set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off set enable_seqscan=off set jit=off set plan_cache_mode=force_generic_plan set random_page_cost=0.2 set search_path=$schema, pg_temp; -- 0732aec911502d1142b9d6a3088c76fe
create function backfills_stamp(p json) returns json language plpgsql volatile set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off set enable_seqscan=off set jit=off set plan_cache_mode=force_generic_plan set random_page_cost=0.2 set search_path=$schema, pg_temp; -- 617ac19cab151ef74b87e086abbc2ac7
create function change_gates(p_released text[], p_left text[], p_chances text[]) returns integer language plpgsql volatile; -- 9b01630e02f9716e795121df7f39c837
create function change_schedule(p_schedule_id bigint, p_write json, p_now bigint, OUT v_status text, OUT v_cursor bigint) returns record language plpgsql volatile; -- 1b044a7861eeba86afbb42495578ac80
create function claim_at_once(p_ids text[], p_claim json, p_jobs integer[], p_now bigint, p_fence bigint, p_may_wait boolean) returns json language plpgsql volatile; -- ab535239af7bef7d1420728874f07b10
create function claim_fence(p_now bigint, p_seen bigint) returns bigint language plpgsql volatile; -- 2551b933532c5c9f8588fc64b3b8691b
create function claim_line(p_job integer, p_name text, p_highest integer, p_lowest integer, p_is_like_most boolean, p_now bigint, p_limit integer, p_owner text, p_fence bigint, p_start integer, OUT o_lots json[], OUT o_got integer, OUT o_gated text[]) returns record language plpgsql volatile; -- f6f8c954b135b14edc4d61cf43b55da4
create function commits_begin(p json) returns json language plpgsql volatile set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off set enable_seqscan=off set jit=off set plan_cache_mode=force_generic_plan set random_page_cost=0.2 set search_path=$schema, pg_temp; -- 71726f0db384621b7b39a905ed37ec7e
create function commits_open(p json) returns json language plpgsql volatile set search_path=$schema, pg_temp; -- da5e3e384beacc796f352b6e573b14a5
create function commits_refresh(p json) returns json language plpgsql volatile set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off set enable_seqscan=off set jit=off set plan_cache_mode=force_generic_plan set random_page_cost=0.2 set search_path=$schema, pg_temp; -- fa53701117578b89f3c1ea2b576e35d4
create function commits_settle(p json) returns json language plpgsql volatile set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off set enable_seqscan=off set jit=off set plan_cache_mode=force_generic_plan set random_page_cost=0.2 set search_path=$schema, pg_temp; -- 786e8ca42ddf0ad6d57440bb22710063
create function count_stamps(p_done text[], p_failed text[], p_now bigint) returns void language plpgsql volatile; -- 0fcdbadd7ed16dcd3257022be4c36b5d
create function debounce_request(p json, p_job integer, p_now bigint, OUT o_outcome text, OUT o_id text, OUT o_run_at bigint, OUT o_open boolean, OUT o_merging text[], OUT o_left text, OUT o_chances text[]) returns record language plpgsql volatile; -- 6b54e18ab52c28f0bc44582590017b0a
create function define_job(p_job_id integer, p_one json) returns boolean language plpgsql volatile; -- d0fadc85a955dc23675f5ce0e0420688
create function drain_trigger_log(p_now bigint) returns boolean language plpgsql volatile; -- 74fd3376665c54d6770d7c5bbbaeb551
create function due_suspect(p_owner text, p_jobs integer[], p_now bigint) returns text language plpgsql volatile; -- 8880cd9db910f6d2165d26d4397dedf2
create function end_runs(p_ids text[], p_states text[], p_reasons text[], p_now bigint) returns void language plpgsql volatile; -- 4ea952043208ff37d6312247f0c881e1
create function end_standing(p_ids text[], p_state text, p_reason text, p_now bigint) returns text[] language plpgsql volatile; -- 37d0a2ac6271f2fc9c5eae8057476a4e
create function enqueue_requests(p_requests json, p_now bigint, OUT o_outcomes json, OUT o_ids text[], OUT o_is_due boolean, OUT o_left text[], OUT o_chances text[]) returns record language plpgsql volatile; -- d5300a68d04b8943340abd30a579fb6b
create function enqueue_special(p json, p_now bigint, OUT o_outcome text, OUT o_id text, OUT o_left text, OUT o_chances text[]) returns record language plpgsql volatile; -- 63239eb20e249ff95dfffb5c1f68c709
create function ensure_gates(p_names text[]) returns void language plpgsql volatile; -- 17e5e176eca623e1a76f7619b0510638
create function excess_runs(p_job integer, p_succeeded bigint, p_dead bigint, p_since bigint, p_through bigint, p_grace_from bigint, p_ids text[], p_limit integer, p_until timestamp with time zone, OUT o_ids text[], OUT o_through bigint, OUT o_is_all boolean, OUT o_is_news boolean, OUT o_spares boolean) returns record language plpgsql volatile; -- 7a6e11225b8ae241b2822fa36b5f37a6
create function excess_skips(p_job integer, p_most bigint, p_since bigint, p_through bigint, p_oldest bigint, p_limit integer) returns bigint[] language plpgsql volatile; -- d6429ded87c4ffc292873fce64beb63c
create function expire_windows(p_rollup integer, p_through bigint, p_now bigint) returns void language plpgsql volatile; -- 4022e7999ef50b91df1eea08f1f04ad8
create function fire_beside_others(p_schedules bigint[], p_ids text[], p_slots bigint[], p_run_ats bigint[], p_priorities integer[], p_overlaps text[], p_queue_limits integer[], p_gates json, p_now bigint, OUT o_created text[], OUT o_holds_gates boolean) returns record language plpgsql volatile; -- 39fa2b3975b59b961caf25f91f45ca7c
create function forget_plain(p_rollup integer, p_starts bigint[]) returns void language plpgsql volatile; -- 0b581dee9a4ae32db848079c60dc8b2c
create function gather_hints(p_is_work boolean, p_gates text[], p_settled text[]) returns json language plpgsql volatile; -- 2e1aeaa5a01b1fcdcb53622c74bb9331
create function give_back(p_ids text[], p_now bigint, p_settled text DEFAULT NULL::text) returns text[] language plpgsql volatile; -- 5adc62f0c5d780aafe95d5e4e65dc00f
create function hand_on(p_gates text[]) returns integer language plpgsql volatile; -- 75a554afbdd88f739badc7b65cbd086c
create function has_due(p_job integer, p_now bigint) returns boolean language plpgsql volatile; -- 91c51f0e31682aab112f00ff983ee226
create function history_attempts(h history) returns json[] language sql stable; -- d0e83cca06d8a1b6448bcd63db10c3ad
create function history_row(h history, p_job text) returns json language sql stable; -- a3ab09d40eb60d1492ef8e81482604a2
create function hold_runs(p_ids text[]) returns void language plpgsql volatile; -- 814bfb82b338aaa21d08fd4b93500eee
create function jobs_without_due(p_jobs integer[], p_names text[], p_now bigint) returns integer[] language plpgsql volatile; -- 9cad0121f2777a2e4004bf3760398814
create function join_job(p_early integer, p_job_id integer, p_now bigint) returns void language plpgsql volatile; -- 4060f4c66d70bc16b391486d5d035b5e
create function keep_attempts(p_attempts json[], p_record json) returns json[] language sql immutable; -- c0b14e05c8e70223840bfceb66ff9346
create function key_of_schedule(p_job integer, p_name text) returns text language plpgsql stable set enable_bitmapscan=off set enable_seqscan=off set jit=off set random_page_cost=0.2; -- b3d0dc3827cb09ffda7972db54058293
create function leases_acquire(p json) returns json language plpgsql volatile set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off set enable_seqscan=off set jit=off set plan_cache_mode=force_generic_plan set random_page_cost=0.2 set search_path=$schema, pg_temp; -- 94ea62eaaf8e98c0abd55b0735c756a5
create function leases_acquire_one(p_name text, p_holder text, p_lease_ms text, p_queue text, p_seen_fence text, p_now text DEFAULT NULL::text) returns text language plpgsql volatile set enable_seqscan=off set search_path=$schema, pg_temp; -- 6206dc1cc4f8a3be65229f211da42e03
create function leases_release(p json) returns json language plpgsql volatile set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off set enable_seqscan=off set jit=off set plan_cache_mode=force_generic_plan set random_page_cost=0.2 set search_path=$schema, pg_temp; -- 58222a8a26ff3a3b3be3d5779e467ed3
create function leases_release_one(p_name text, p_holder text, p_fence text, p_now text DEFAULT NULL::text) returns text language plpgsql volatile set enable_seqscan=off set search_path=$schema, pg_temp; -- 898644dc0c93661046a36bc03ded3471
create function leases_renew(p json) returns json language plpgsql volatile set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off set enable_seqscan=off set jit=off set plan_cache_mode=force_generic_plan set random_page_cost=0.2 set search_path=$schema, pg_temp; -- b72be2cd9e2a93c37ddcc1bb64b4ddbd
create function leases_withdraw(p json) returns json language plpgsql volatile set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off set enable_seqscan=off set jit=off set plan_cache_mode=force_generic_plan set random_page_cost=0.2 set search_path=$schema, pg_temp; -- 9c3a15b93df571b75423553cc8bc2965
create function lock_definitions() returns void language plpgsql volatile; -- 051e5775f70e4067dd4c5a3dd4b832e2
create function lock_definitions_shared() returns void language plpgsql volatile; -- 8c851f16f558072e5cc2f0ecffc5af34
create function lock_followers(p_settlements json, p_ids text[]) returns void language plpgsql volatile; -- a224cec5fd8ba2a6bdb3c1d36c40df53
create function lock_keys(p_keys text[]) returns void language plpgsql volatile; -- 2be9f8c75b78bedafa6a296521861454
create function lock_runs(p_ids text[]) returns void language plpgsql volatile; -- 28227ad9683fe55b7bd7447bcb2b8dd7
create function lock_taken_windows(p_refreshers json, p_rollups integer[]) returns void language plpgsql volatile; -- d932fa52de63b4a565f981e781d3c505
create function move_gates(p_job_id integer, p_former text) returns void language plpgsql volatile; -- fbfb372f62c414decccd4788a2d047b1
create function move_watermark(p_rollup integer, p_pace text) returns void language plpgsql volatile; -- 47db22077d0d1dfcabbca4c5cafbb761
create function next_lease_end() returns bigint language plpgsql volatile; -- 4fb5e9df4020ade971951b0c90da3e53
create function obtain_jobs(p_names text[]) returns void language plpgsql volatile; -- 907512aa03133fd6ff289a3ad4cd3817
create function open_claim(p_claim json, p_now bigint, p_fence bigint) returns integer[] language plpgsql volatile; -- ff12e8c71c2b0027b47fa8871e562229
create function promote(p_gate text) returns integer language plpgsql volatile; -- 2e6f7a2e44d8c9b7f2a155cc5c8d07fb
create function prune_records(p_runs text[], p_skips bigint[]) returns integer language plpgsql volatile; -- 63d0fdd593391759ae50fe8d93260c30
create function rate_room(p_job integer, p_now bigint) returns integer language plpgsql volatile; -- 1e26d76a7d0e36b5b15635157bce62ef
create function record_refreshes(p_commits json, p_now bigint) returns json language plpgsql volatile; -- 9e0c793f40767f4cb3b97e1ca33dda4d
create function record_skips(p_schedule_id bigint, p_ranges json, p_now bigint) returns void language plpgsql volatile; -- 2214b15dc0a888f9ae2ca0b8cd450dde
create function release_gates(p_gates text[]) returns integer language plpgsql volatile; -- 51021da81582d433d76fb1bc332f471d
create function rename_job(p_job_id integer, p_name text, p_now bigint) returns void language plpgsql volatile; -- 2f0a87ab194d55b997ab278433218ea0
create function renamed_gates(p_gates text[], p_former text, p_name text) returns text[] language sql immutable; -- d94b8be1f55a7da770a8a60aca890fed
create function run_row(r runs, p_job text) returns json language sql stable; -- b37b1d2b7b35572a41ab94751b5c1331
create function runs_cancel(p json) returns json language plpgsql volatile set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off set enable_seqscan=off set jit=off set plan_cache_mode=force_generic_plan set random_page_cost=0.2 set search_path=$schema, pg_temp; -- 9e7cf321ccb24c0a4d17c985b5800952
create function runs_claim(p json) returns json language plpgsql volatile set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off set enable_seqscan=off set jit=off set plan_cache_mode=force_generic_plan set random_page_cost=0.2 set search_path=$schema, pg_temp; -- 008c2718e233bdef16d9107aa5beb207
create function runs_claim_one(p_owner text, p_lease_ms text, p_limit text, p_start text, p_seen_fence text, p_now text DEFAULT NULL::text) returns text language plpgsql volatile set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off set enable_seqscan=off set jit=off set plan_cache_mode=force_generic_plan set random_page_cost=0.2 set search_path=$schema, pg_temp; -- 83321d3f5db942af7c6c7c1018c60fb0
create function runs_enqueue(p json) returns json language plpgsql volatile set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off set enable_seqscan=off set jit=off set plan_cache_mode=force_generic_plan set random_page_cost=0.2 set search_path=$schema, pg_temp; -- 2f78f28cf636848ada63383a0a0cc24b
create function runs_enqueue_one(p_id text, p_job text, p_key text, p_payload text, p_priority text, p_overlap text, p_trace text, p_channel text, p_message text) returns text language plpgsql volatile set enable_seqscan=off set search_path=$schema, pg_temp; -- 590ca63e37c66fa6c7b664b599244a09
create function runs_find(p json) returns json language plpgsql volatile set jit=off set search_path=$schema, pg_temp; -- a6d44cb099f5b5f73d5868825e30b275
create function runs_gates(p json) returns json language plpgsql volatile set jit=off set search_path=$schema, pg_temp; -- 9c585db600c7a80d7245d2e0cfc57210
create function runs_get(p json) returns json language plpgsql volatile set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off set enable_seqscan=off set jit=off set plan_cache_mode=force_generic_plan set random_page_cost=0.2 set search_path=$schema, pg_temp; -- 0e7876c82c1cd0ebcfae4269e1e3acb8
create function runs_held(p json) returns json language plpgsql volatile set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off set enable_seqscan=off set jit=off set plan_cache_mode=force_generic_plan set random_page_cost=0.2 set search_path=$schema, pg_temp; -- 899a8687bb852dbbb08b8db8fede2333
create function runs_leave(p json) returns json language plpgsql volatile set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off set enable_seqscan=off set jit=off set plan_cache_mode=force_generic_plan set random_page_cost=0.2 set search_path=$schema, pg_temp; -- eab5b715d8dfa6cf8b67460d548302a0
create function runs_prune(p json) returns json language plpgsql volatile set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off set enable_seqscan=off set jit=off set plan_cache_mode=force_generic_plan set random_page_cost=0.2 set search_path=$schema, pg_temp; -- b6337db0ece87c3bc8c5195adae1bd2e
create function runs_release_gates(p json) returns json language plpgsql volatile set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off set enable_seqscan=off set jit=off set plan_cache_mode=force_generic_plan set random_page_cost=0.2 set search_path=$schema, pg_temp; -- f03f47059e1291bf39d8369234134252
create function runs_renew(p json) returns json language plpgsql volatile set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off set enable_seqscan=off set jit=off set plan_cache_mode=force_generic_plan set random_page_cost=0.2 set search_path=$schema, pg_temp; -- d8eae8e6e9d047ea0ffb5d4fceed4152
create function runs_settle(p json) returns json language plpgsql volatile set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off set enable_seqscan=off set jit=off set plan_cache_mode=force_generic_plan set random_page_cost=0.2 set search_path=$schema, pg_temp; -- 0393057a8e7270e33e561d89611778f2
create function runs_stats(p json) returns json language plpgsql volatile set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off set enable_seqscan=off set jit=off set plan_cache_mode=force_generic_plan set random_page_cost=0.2 set search_path=$schema, pg_temp; -- f4bcb9131b8aeb51df3d62ad19e443c3
create function schedule_json(s schedules, p_job text) returns json language sql stable; -- 75cdbf052868c0cf230328587f23a439
create function schedules_count_skips(p json) returns json language plpgsql volatile set enable_bitmapscan=off set enable_seqscan=off set jit=off set random_page_cost=0.2 set search_path=$schema, pg_temp; -- ba5f7eea340bd84a02b62dd06fc28074
create function schedules_due(p json) returns json language plpgsql stable set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off set enable_seqscan=off set enable_sort=off set jit=off set plan_cache_mode=force_generic_plan set random_page_cost=0.2 set search_path=$schema, pg_temp; -- 5ee0502d8184c891dc9f29837b8bdc6e
create function schedules_fire(p json) returns json language plpgsql volatile set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off set enable_seqscan=off set jit=off set plan_cache_mode=force_generic_plan set random_page_cost=0.2 set search_path=$schema, pg_temp; -- decc1c8f5db7d77e5d3f106af0c8486e
create function schedules_get(p json) returns json language plpgsql stable set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off set enable_seqscan=off set jit=off set plan_cache_mode=force_generic_plan set random_page_cost=0.2 set search_path=$schema, pg_temp; -- 7647344ca7544cf185e13ae63c8e2fab
create function schedules_ledger(p json) returns json language plpgsql stable set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off set enable_seqscan=off set jit=off set plan_cache_mode=force_generic_plan set random_page_cost=0.2 set search_path=$schema, pg_temp; -- 33a582e54ec266a099f0887c8178716e
create function schedules_list(p json) returns json language plpgsql stable set enable_bitmapscan=off set enable_seqscan=off set jit=off set random_page_cost=0.2 set search_path=$schema, pg_temp; -- 00c09c147edfd352d291507fa91ee7a6
create function schedules_load(p json) returns json language plpgsql stable set enable_bitmapscan=off set enable_seqscan=off set jit=off set random_page_cost=0.2 set search_path=$schema, pg_temp; -- a86241bc29e4fbc4b239c9816b34919e
create function schedules_quarantine(p json) returns json language plpgsql volatile set enable_bitmapscan=off set enable_seqscan=off set jit=off set random_page_cost=0.2 set search_path=$schema, pg_temp; -- 44abde6ebe5c3de51abb90aec848ebb2
create function schedules_register(p json) returns json language plpgsql volatile set enable_bitmapscan=off set enable_seqscan=off set jit=off set random_page_cost=0.2 set search_path=$schema, pg_temp; -- 913ba55e9f361da1ba272ca34d7fde7c
create function schedules_remove(p json) returns json language plpgsql volatile set enable_bitmapscan=off set enable_seqscan=off set jit=off set random_page_cost=0.2 set search_path=$schema, pg_temp; -- a49fccbae05ca0a4f553c74441b6d1bf
create function schedules_retire(p json) returns json language plpgsql volatile set enable_bitmapscan=off set enable_seqscan=off set jit=off set random_page_cost=0.2 set search_path=$schema, pg_temp; -- f8b6de8c6c9dad88543b07a65ab19390
create function schedules_set(p json) returns json language plpgsql volatile set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off set enable_seqscan=off set jit=off set plan_cache_mode=force_generic_plan set random_page_cost=0.2 set search_path=$schema, pg_temp; -- 01e9bffa2befe971a7291ff4021aad4e
create function schedules_suspend(p json) returns json language plpgsql volatile set enable_bitmapscan=off set enable_seqscan=off set jit=off set random_page_cost=0.2 set search_path=$schema, pg_temp; -- c52e5cd1fda00d26323c82b56b1c9f0d
create function set_aside_marks(p_source text, p_now bigint, p_changes json[]) returns void language plpgsql volatile; -- 43af82e9cd3a06020beb6e313a3cfd0d
create function set_limits(p_job_id integer, p_concurrency integer, p_rate_max integer, p_rate_per_ms bigint) returns void language plpgsql volatile; -- 3abeff8b9fb073b674b37e457f28c291
create function settled_hints(p_ids text[]) returns json language plpgsql immutable; -- 5eb25da92c1101e85c5ba06765c92d8e
create function shorten_limits(p_statement bigint, p_idle bigint, p_transaction bigint) returns void language plpgsql volatile; -- 83a01323c2ac968c77c1ce33b0b7a5e0
create function spend_rate(p_job integer, p_claims integer, p_now bigint) returns void language plpgsql volatile; -- 0bc20e7844f7173ece65c9d188c41833
create function store_now() returns bigint language plpgsql volatile; -- 7884d59ca738c155e68fea74b6a09e94
create function stretches_after(p_stretches json, p_cursor bigint) returns json language sql immutable; -- 2d272aec8e7f2f9e99257deb3b074082
create function sweep_leases(p_now bigint) returns json language plpgsql volatile; -- a3e2a3053edb34069f46a6618f42e5fb
create function take_over_expired(p_now bigint, p_runs text[] DEFAULT '{}'::text[], p_gates text[] DEFAULT '{}'::text[]) returns json language plpgsql volatile; -- 5e9b02a3c1360451a462f30dbe5d0aa5
create function take_runs(p_ids text[], p_owner text, p_now bigint, p_fence bigint, p_start integer, p_at_once boolean, p_may_wait boolean, OUT o_lots json[], OUT o_granted text[], OUT o_waiting integer, OUT o_skipped text[]) returns record language plpgsql volatile; -- 6aaedb77da9a4a6cb05ec2990e9ef2a5
create function tick_for(p_owner text, p_job_ids integer[], p_now bigint) returns json language plpgsql volatile; -- 8b0a39aebc1c71718ed67488e7439c4a
create function tidy_gates(p_now bigint) returns integer language plpgsql volatile; -- 9b388aef73d5c56a5090e5a96bc71fdb
create function tidy_rest(p_now bigint) returns boolean language plpgsql volatile; -- fa5dc6dee4b3bc0f1a265d889aea28c9
create function touch_sources(p_names text[]) returns void language plpgsql volatile; -- 3af2236558ccaaca5a2de0eba39e2ab0
create function trim_history(p_schedule_id bigint) returns void language plpgsql volatile; -- f018588c3755e0b12e90d478535a6d24
create function try_lock_key(p_key text) returns boolean language sql volatile; -- 7adca4d998622aed027e67e721325163
create function windows_claim(p json) returns json language plpgsql volatile set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off set enable_seqscan=off set jit=off set plan_cache_mode=force_generic_plan set random_page_cost=0.2 set search_path=$schema, pg_temp; -- 32e0d59db7ca07f6127be186c92aac94
create function windows_collect(p json) returns json language plpgsql volatile set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off set enable_seqscan=off set jit=off set plan_cache_mode=force_generic_plan set random_page_cost=0.2 set search_path=$schema, pg_temp; -- 460c54956269cd658e6d0449ad990693
create function windows_commit(p json) returns json language plpgsql volatile set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off set enable_seqscan=off set jit=off set plan_cache_mode=force_generic_plan set random_page_cost=0.2 set search_path=$schema, pg_temp; -- 9e44b39f4577a709ee509d496e5c67fd
create function windows_define(p json) returns json language plpgsql volatile set enable_bitmapscan=off set enable_seqscan=off set jit=off set random_page_cost=0.2 set search_path=$schema, pg_temp; -- d050657aa79a91989c24543c6da23221
create function windows_drain(p json) returns json language plpgsql volatile set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off set enable_seqscan=off set jit=off set plan_cache_mode=force_generic_plan set random_page_cost=0.2 set search_path=$schema, pg_temp; -- 8d3fafb414a34fd3e2f3aa9fda4ed4b0
create function windows_fail(p json) returns json language plpgsql volatile set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off set enable_seqscan=off set jit=off set plan_cache_mode=force_generic_plan set random_page_cost=0.2 set search_path=$schema, pg_temp; -- 68e94e75f5cfeaca28b8633003c0f05a
create function windows_forget(p json) returns json language plpgsql volatile set enable_bitmapscan=off set enable_seqscan=off set jit=off set random_page_cost=0.2 set search_path=$schema, pg_temp; -- a02c3cb2b475da9dd3f2391bec4a0755
create function windows_list(p json) returns json language plpgsql volatile set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off set enable_seqscan=off set jit=off set plan_cache_mode=force_generic_plan set random_page_cost=0.2 set search_path=$schema, pg_temp; -- 934e0045cff57b65890b3722e08159a1
create function windows_mark(p json) returns json language plpgsql volatile set search_path=$schema, pg_temp; -- c1fd08256d9e49854fe1759b723aabbb
create function windows_of_run(p_rollup integer, p_starts bigint[], p_run text, p_fence bigint) returns bigint[] language plpgsql volatile; -- ba1e1f91c7526095d61f82b0f6ecd023
create function windows_pass(p json) returns json language plpgsql volatile set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off set enable_seqscan=off set jit=off set plan_cache_mode=force_generic_plan set random_page_cost=0.2 set search_path=$schema, pg_temp; -- 301847350550b46c00bee68612d6ffb6
create function windows_state(p json) returns json language plpgsql volatile set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off set enable_seqscan=off set jit=off set plan_cache_mode=force_generic_plan set random_page_cost=0.2 set search_path=$schema, pg_temp; -- 32d31a88298be54ca6da81f38dfb5c8b
create function write_schedule(p_job_id integer, p_write json, p_now bigint, OUT v_status text, OUT v_cursor bigint) returns record language plpgsql volatile; -- 06200db856999fa6370734927d4f1d41
create function write_statics(p_job_id integer, p_writes json, p_now bigint) returns boolean language plpgsql volatile; -- ec3660c3b7af153738be33226c33c8e4
