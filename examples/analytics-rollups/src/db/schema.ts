/** The raw tables, and the view over them. The tables of figures are made by their rollups. */
import type { Queries } from './queries.ts'

const STATEMENTS: readonly string[] = [
  `create schema if not exists analytics`,
  `create table if not exists analytics.execution_spans (
    span_id text primary key, user_id text not null, entity_type text not null, entity_id text not null,
    span_type text not null check (span_type in ('WORKFLOW_RUN', 'AGENT_RUN', 'MODEL_GENERATION', 'TOOL_EXECUTION')),
    status text not null check (status in ('running', 'completed', 'failed')),
    started_at timestamptz not null, duration_ms int, provider text, model text,
    input_tokens int not null default 0, output_tokens int not null default 0, cost_usd numeric(12, 6) not null default 0)`,
  `create index if not exists execution_spans_started_at on analytics.execution_spans (started_at)`,
  `create table if not exists analytics.calculation_logs (
    id text primary key, created_at timestamptz not null, publisher_id text not null, source text not null,
    cache_hit boolean not null, failed boolean not null, response_time_ms int not null)`,
  `create index if not exists calculation_logs_created_at on analytics.calculation_logs (created_at)`,
  `create materialized view if not exists analytics.recent_activity_summary as
    select user_id, entity_type, count(*)::int as executions, count(*) filter (where status = 'failed')::int as failures,
           max(started_at) as last_started_at
    from analytics.execution_spans
    where span_type in ('WORKFLOW_RUN', 'AGENT_RUN') and started_at >= now() - interval '7 days'
    group by user_id, entity_type`,
  // For a refresh that readers do not wait for.
  `create unique index if not exists recent_activity_summary_key on analytics.recent_activity_summary (user_id, entity_type)`,
]

/** Creates what is missing. Run it in a transaction: replicas that start together wait for each other. */
export async function createTables(tx: Queries): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock(8080)`)
  for (const statement of STATEMENTS) await tx.query(statement)
}
