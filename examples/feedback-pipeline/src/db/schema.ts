/** The service's own tables, in a schema of their own beside that of the scheduler. */
import type { Queries } from './queries.ts'

const STATEMENTS: readonly string[] = [
  `create schema if not exists pipeline`,
  `create table if not exists pipeline.clusters (
    id uuid primary key, title text not null, summary text not null, terms jsonb not null, centroid jsonb not null,
    size int not null check (size > 0), status text not null check (status in ('open', 'fixing', 'pr_open')), pr_url text,
    created_at timestamptz not null, updated_at timestamptz not null)`,
  `create table if not exists pipeline.feedback (
    id uuid primary key, source text not null check (source in ('reddit', 'sentry', 'manual')), external_id text not null,
    title text not null, body text not null, author text, url text, created_at timestamptz not null, received_at timestamptz not null,
    request_id text not null, traceparent text, status text not null check (status in ('pending', 'clustered', 'dead')),
    cluster_id uuid references pipeline.clusters, clustered_at timestamptz, error text, unique (source, external_id),
    check ((status = 'clustered') = (cluster_id is not null)))`,
  `create index if not exists feedback_pending on pipeline.feedback (received_at, id) where status = 'pending'`,
  `create index if not exists feedback_cluster on pipeline.feedback (cluster_id, received_at)`,
  `create table if not exists pipeline.agent_jobs (
    id uuid primary key, cluster_id uuid not null references pipeline.clusters,
    status text not null check (status in ('queued', 'running', 'succeeded', 'failed')), run_id text not null, fence bigint not null,
    step text, percent int not null check (percent between 0 and 100), branch text, pr_url text, error text,
    requested_by text not null, request_id text not null, created_at timestamptz not null, updated_at timestamptz not null,
    finished_at timestamptz)`,
  // However often a fix is asked for, and by however many at once.
  `create unique index if not exists one_fix_per_cluster on pipeline.agent_jobs (cluster_id) where status <> 'failed'`,
  `create table if not exists pipeline.job_events (
    job_id uuid not null references pipeline.agent_jobs, seq int not null, at timestamptz not null, step text not null,
    message text not null, percent int not null, primary key (job_id, seq))`,
  `create table if not exists pipeline.audit (
    id uuid primary key, at timestamptz not null, actor text not null, action text not null, subject text not null,
    request_ids text[] not null, details jsonb not null)`,
  `create index if not exists audit_at on pipeline.audit (at, id)`,
  `create index if not exists audit_requests on pipeline.audit using gin (request_ids)`,
]

/** Makes what is missing. Processes that start together make it once. */
export async function createTables(tx: Queries): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock(3004)`)
  for (const statement of STATEMENTS) await tx.query(statement)
}
