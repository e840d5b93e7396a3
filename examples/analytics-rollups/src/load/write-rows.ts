/** Writes raw rows, many with a statement. Who aggregates them is no concern of a writer: triggers mark what changed. */
import { iso, type Queries } from '../db/queries.ts'
import type { Calculation, Span } from './rows.ts'

const SPAN_COLUMNS = `span_id text, user_id text, entity_type text, entity_id text, span_type text, status text, started_at timestamptz,
  duration_ms int, provider text, model text, input_tokens int, output_tokens int, cost_usd numeric`
const LOG_COLUMNS = `id text, created_at timestamptz, publisher_id text, source text, cache_hit boolean, failed boolean, response_time_ms int`
const MOST_ROWS = 2_000

/** A span that is there already is changed: runs are written when they begin, and again when they end. */
export async function writeSpans(db: Queries, spans: readonly Span[]): Promise<void> {
  for (let n = 0; n < spans.length; n += MOST_ROWS) {
    const rows = spans.slice(n, n + MOST_ROWS).map((span) => ({
      ...{ span_id: span.spanId, user_id: span.userId, entity_type: span.entityType, entity_id: span.entityId },
      ...{ span_type: span.spanType, status: span.status, started_at: iso(span.startedAt), duration_ms: span.durationMs },
      ...{ provider: span.provider, model: span.model, input_tokens: span.inputTokens, output_tokens: span.outputTokens },
      cost_usd: (span.costMicros / 1_000_000).toFixed(6),
    }))
    await db.query(
      `insert into analytics.execution_spans select * from jsonb_to_recordset($1::jsonb) as r(${SPAN_COLUMNS})
       on conflict (span_id) do update set status = excluded.status, started_at = excluded.started_at, duration_ms = excluded.duration_ms`,
      [JSON.stringify(rows)],
    )
  }
}

/** One that is there already is left alone: a batch may be written twice. */
export async function writeCalculations(db: Queries, calculations: readonly Calculation[]): Promise<void> {
  for (let n = 0; n < calculations.length; n += MOST_ROWS) {
    const rows = calculations.slice(n, n + MOST_ROWS).map((one) => ({
      ...{ id: one.id, created_at: iso(one.createdAt), publisher_id: one.publisherId, source: one.source },
      ...{ cache_hit: one.cacheHit, failed: one.failed, response_time_ms: one.responseTimeMs },
    }))
    await db.query(
      `insert into analytics.calculation_logs select * from jsonb_to_recordset($1::jsonb) as r(${LOG_COLUMNS}) on conflict (id) do nothing`,
      [JSON.stringify(rows)],
    )
  }
}
