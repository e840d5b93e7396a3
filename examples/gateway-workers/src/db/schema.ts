/** The service's own tables, in a schema of their own beside that of the scheduler. */
import type { Queries } from './queries.ts'

/** In the order in which they can be filled. */
export const TABLES = [
  'plans',
  'users',
  'credit_ledger',
  'subscriptions',
  'subscription_notices',
  'events',
  'analytics_hourly',
  'analytics_daily',
  'newsletter_subscribers',
  'sequences',
  'enrollments',
  'outbox',
  'segments',
  'segment_members',
  'funnels',
  'funnel_results',
  'cohort_retention',
  'sessions',
  'projects',
  'agent_settings',
  'github_analyses',
  'agent_runs',
  'suggestions',
] as const

export type Table = (typeof TABLES)[number]

const STATEMENTS: readonly string[] = [
  `create schema if not exists gateway`,
  `create table if not exists gateway.seeded (only_row boolean primary key default true check (only_row), shift_ms float8 not null)`,
  `create table if not exists gateway.plans (name text primary key, daily_credits int not null)`,
  `create table if not exists gateway.users (
    id int primary key, email text not null unique, name text not null, plan text not null references gateway.plans,
    credits int not null, credits_reset_on date not null, newsletter boolean not null,
    created_at timestamptz not null, closed_at timestamptz)`,
  `create table if not exists gateway.credit_ledger (
    user_id int not null references gateway.users, day date not null, delta int not null, balance int not null,
    primary key (user_id, day))`,
  `create table if not exists gateway.subscriptions (
    id int primary key, user_id int not null references gateway.users, plan text not null references gateway.plans,
    status text not null check (status in ('active', 'past_due', 'expired')),
    period_end timestamptz not null, cancel_at_period_end boolean not null)`,
  `create table if not exists gateway.subscription_notices (
    subscription_id int not null references gateway.subscriptions, kind text not null, period_end timestamptz not null,
    created_at timestamptz not null, primary key (subscription_id, kind, period_end))`,
  `create table if not exists gateway.events (
    id int primary key, user_id int not null references gateway.users, name text not null, at timestamptz not null)`,
  `create index if not exists events_at on gateway.events (at)`,
  `create table if not exists gateway.analytics_hourly (
    hour timestamptz not null, event text not null, count int not null, users int not null, primary key (hour, event))`,
  `create table if not exists gateway.analytics_daily (
    day date not null, event text not null, count int not null, users int not null, primary key (day, event))`,
  `create table if not exists gateway.newsletter_subscribers (
    email text primary key, name text not null, plan text not null,
    status text not null check (status in ('subscribed', 'unsubscribed', 'bounced')), synced_at timestamptz not null)`,
  `create table if not exists gateway.sequences (id text primary key, campaign text not null, steps jsonb not null)`,
  `create table if not exists gateway.enrollments (
    id int primary key, sequence_id text not null references gateway.sequences, user_id int not null references gateway.users,
    next_step int not null, last_at timestamptz not null,
    status text not null check (status in ('active', 'completed', 'stopped')))`,
  `create table if not exists gateway.outbox (
    enrollment_id int not null references gateway.enrollments, step int not null, recipient text not null, subject text not null,
    queued_at timestamptz not null, primary key (enrollment_id, step))`,
  `create table if not exists gateway.segments (id text primary key, rule jsonb not null)`,
  `create table if not exists gateway.segment_members (
    segment_id text not null references gateway.segments, user_id int not null references gateway.users,
    since timestamptz not null, primary key (segment_id, user_id))`,
  `create table if not exists gateway.funnels (id text primary key, steps jsonb not null, window_hours int not null)`,
  `create table if not exists gateway.funnel_results (
    funnel_id text not null references gateway.funnels, day date not null, step int not null, event text not null,
    users int not null, rate float8 not null, primary key (funnel_id, day, step))`,
  `create table if not exists gateway.cohort_retention (
    cohort date not null, week int not null, size int not null, active int not null, rate float8 not null,
    primary key (cohort, week))`,
  `create table if not exists gateway.sessions (
    id text primary key, user_id int not null references gateway.users, expires_at timestamptz not null)`,
  `create table if not exists gateway.projects (
    id uuid primary key, name text not null, repository text not null, github_sync_enabled boolean not null)`,
  `create table if not exists gateway.agent_settings (
    project_id uuid not null references gateway.projects, agent text not null,
    autonomous_mode text not null check (autonomous_mode in ('disabled', 'suggest', 'auto_approve', 'auto_publish')),
    frequency_hours int not null check (frequency_hours between 1 and 168),
    min_confidence_score float8 not null check (min_confidence_score between 0 and 1),
    max_per_run int not null check (max_per_run between 1 and 20),
    cooldown_hours int not null check (cooldown_hours between 0 and 8760),
    schedule_active boolean not null, last_run_at timestamptz, primary key (project_id, agent))`,
  `create table if not exists gateway.github_analyses (
    project_id uuid not null references gateway.projects, period_end timestamptz not null, period_hours int not null,
    metrics jsonb not null, findings jsonb not null, primary key (project_id, period_end, period_hours))`,
  `create table if not exists gateway.agent_runs (
    run_id text primary key, project_id uuid not null references gateway.projects, agent text not null, origin text not null,
    status text not null check (status in ('completed', 'skipped', 'failed', 'retried')),
    reason text, scores jsonb, suggestions int not null, retries int not null, finished_at timestamptz not null)`,
  `create table if not exists gateway.suggestions (
    id uuid primary key default gen_random_uuid(), project_id uuid not null references gateway.projects, agent text not null,
    kind text not null, topic text not null, title text not null, body text not null, confidence float8 not null,
    status text not null check (status in ('pending_review', 'approved', 'published', 'rejected')),
    run_id text not null, created_at timestamptz not null, decided_by text, decided_at timestamptz)`,
  `create index if not exists suggestions_topic on gateway.suggestions (project_id, agent, topic, created_at)`,
]

/** Creates what is missing. Run it in a transaction: replicas that start together wait for each other. */
export async function createTables(tx: Queries): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock(3003)`)
  for (const statement of STATEMENTS) await tx.query(statement)
}
